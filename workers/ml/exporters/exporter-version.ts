/**
 * Grows when what any exporter writes changes; older exports can be made anew then. Azure's runtime libraries refuse
 * another first number than theirs.
 */
export const exporterVersion = '2.1';
