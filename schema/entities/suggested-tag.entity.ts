import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How sure a suggestion is of one tag: of a detector, of its most probable box. Here so that SQL can filter and count. */
@Entity({ name: 'suggested_tag' })
@Index('IX_suggested_tag_iteration_id_tag_id_probability', ['iterationId', 'tagId', 'probability'])
export class SuggestedTag {
  @PrimaryColumn({ name: 'suggestion_id', type: 'varchar', length: 36 })
  suggestionId: string;

  @PrimaryColumn({ name: 'tag_id', type: 'varchar', length: 36 })
  tagId: string;

  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Column({ name: 'probability', type: 'double' })
  probability: number;
}
