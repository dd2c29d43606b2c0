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
  @Query(() => Image, { nullable: true, description: 'One image; null when no image has this id.' })
  image(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.images.get(caller, 'read', id));
  }

  @Mutation(() => [UploadTicket], {
    description: 'Creates an upload ticket for each file; send the files to the URLs of the tickets.',
  })
  requestUploads(
    @Arg('input', () => RequestUploadsInput, { description: 'Which files.' }) input: RequestUploadsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.uploads.request(caller, input);
  }

  @Mutation(() => AddImagesPayload, {
    description: 'Adds a batch of images. Each has its own result; an image that already exists gets the new tags.',
  })
  addImages(
    @Arg('input', () => AddImagesInput, { description: 'The batch.' }) input: AddImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.add(caller, input);
  }

  @Mutation(() => [Image], { description: 'Adds tags to images; all or none.' })
  tagImages(
    @Arg('input', () => TagImagesInput, { description: 'Which tags to add to which images.' }) input: TagImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.tag(caller, input);
  }

  @Mutation(() => [Image], { description: 'Removes tags from images.' })
  untagImages(
    @Arg('input', () => TagImagesInput, { description: 'Which tags to remove from which images.' })
    input: TagImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.untag(caller, input);
  }

  @Mutation(() => [Image], { description: 'Marks images as test images, or returns them to training.' })
  markTestImages(
    @Arg('input', () => MarkTestImagesInput, { description: 'Which images.' }) input: MarkTestImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.markTest(caller, input);
  }

  @Mutation(() => [Image], { description: 'Sets or removes metadata of images; all or none.' })
  setImageMetadata(
    @Arg('input', () => SetImageMetadataInput, { description: 'Which metadata of which images.' })
    input: SetImageMetadataInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.images.setMetadata(caller, input);
  }

  @Mutation(() => Int, { description: 'Deletes images permanently; returns how many were deleted.' })
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

  @FieldResolver(() => [ImageMetadata], { description: 'Its metadata, ordered by name.' })
  metadata(@Root() { id }: Image, @Ctx() { loaders }: Context) {
    return loaders.metadataOfImage.load(id);
  }

  @FieldResolver(() => String, { description: 'URL of the original bytes, valid for one to two hours.' })
  url(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'original');
  }

  @FieldResolver(() => String, {
    description: 'URL of the upright image as a JPEG whose edges are at most 1024 pixels.',
  })
  displayUrl(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'display');
  }

  @FieldResolver(() => String, {
    description: 'URL of the upright image as a JPEG whose edges are at most 256 pixels.',
  })
  thumbnailUrl(@Root() { id }: Image, @Ctx() { services }: Context): string {
    return services.imageFiles.urlOf(id, 'thumbnail');
  }
}

@Resolver(() => AddImageResult)
export class AddImageResultResolver {
  @FieldResolver(() => Image, {
    nullable: true,
    description: 'The image, whether new or already there; null when refused.',
  })
  image(@Root() { imageId }: AddImageResult, @Ctx() { loaders }: Context) {
    return imageId === null ? null : loaders.image.load(imageId);
  }
}
