/** Something that could not be carried as it was, with the reason. */
export interface Loss {
  what: string;
  why: string;
  /** How often, and in which images of the source. */
  count: number;
  imageIds: string[];
}

/** Collects what is lost; the same thing for the same reason becomes one entry. */
export class Losses {
  readonly #byText = new Map<string, Loss>();

  add(what: string, why: string, imageId?: string): void {
    const id = `${what}\n${why}`;
    const loss = this.#byText.get(id) ?? { what, why, count: 0, imageIds: [] };
    this.#byText.set(id, loss);
    loss.count += 1;
    if (imageId !== undefined) loss.imageIds.push(imageId);
  }

  all(): Loss[] {
    return [...this.#byText.values()];
  }
}
