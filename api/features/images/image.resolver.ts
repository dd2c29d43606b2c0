import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { TagImagesInput } from '../tags/tag.input.ts';
import {
  AddImageResult,
  AddImagesInput,
  AddImagesPayload,
  DeleteImagesInput,
  MarkTestImagesInput,
  RequestUploadsInput,
  UploadTicket,
} from './image.input.ts';
import { SetImageMetadataInput } from './metadata.input.ts';

@Resolver(() => Image)
export class ImageResolver {
  @Query(() => Image, { nullable: true, description: 'One image; null when there is none of this id.' })
  image(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.images.get(caller, 'read', id));
  }

  @Mutation(() => [UploadTicket], {
    description: 'Gives a ticket for each file; send the files to the tickets’ addresses.',
  })
  requestUploads(
    @Arg('input', () => RequestUploadsInput, { description: 'Which files.' }) input: RequestUploadsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.uploads.request(caller, input);
  }

  @Mutation(() => AddImagesPayload, {
    description: 'Adds a batch of images. Each has its own result; a picture that is there already gets the new tags.',
  })
  addImages(
    @Arg('input', () => AddImagesInput, { description: 'The batch.' }) input: AddImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.add(caller, input);
  }

  @Mutation(() => [Image], { description: 'Puts tags on images; all or none.' })
  tagImages(
    @Arg('input', () => TagImagesInput, { description: 'Which tags on which images.' }) input: TagImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.tag(caller, input);
  }

  @Mutation(() => [Image], { description: 'Takes tags off images.' })
  untagImages(
    @Arg('input', () => TagImagesInput, { description: 'Which tags off which images.' }) input: TagImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.untag(caller, input);
  }

  @Mutation(() => [Image], { description: 'Keeps images for measuring, or gives them back to training.' })
  markTestImages(
    @Arg('input', () => MarkTestImagesInput, { description: 'Which images.' }) input: MarkTestImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.markTest(caller, input);
  }

  @Mutation(() => [Image], { description: 'Notes something about images, or takes it away; all or none.' })
  setImageMetadata(
    @Arg('input', () => SetImageMetadataInput, { description: 'What about which images.' })
    input: SetImageMetadataInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.setMetadata(caller, input);
  }

  @Mutation(() => Int, { description: 'Deletes images for good; answers how many.' })
  deleteImages(
    @Arg('input', () => DeleteImagesInput, { description: 'Which images.' }) input: DeleteImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.delete(caller, input);
  }

  @FieldResolver(() => [Tag], { description: 'Its tags.' })
  tags(@Root() { id }: Image, @Ctx() { loaders }: Context) {
    return loaders.tagsOfImage.load(id);
  }

  @FieldResolver(() => [ImageMetadata], { description: 'What is noted about it, in the order of the names.' })
  metadata(@Root() { id }: Image, @Ctx() { loaders }: Context) {
    return loaders.metadataOfImage.load(id);
  }

  @FieldResolver(() => String, { description: 'Address of the original bytes; good for an hour or two.' })
  url(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'original');
  }

  @FieldResolver(() => String, { description: 'Address of the upright picture as a JPEG of at most 1024 pixels.' })
  displayUrl(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'display');
  }

  @FieldResolver(() => String, { description: 'Address of the upright picture as a JPEG of at most 256 pixels.' })
  thumbnailUrl(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'thumbnail');
  }
}

@Resolver(() => AddImageResult)
export class AddImageResultResolver {
  @FieldResolver(() => Image, { nullable: true, description: 'The image, new or known already; null when refused.' })
  image(@Root() { imageId }: AddImageResult, @Ctx() { loaders }: Context) {
    return imageId === null ? null : loaders.image.load(imageId);
  }
}
