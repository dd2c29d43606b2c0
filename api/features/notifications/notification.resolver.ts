import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { Notification } from '../../../schema/entities/notification.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import type { Context } from '../../context.ts';
import { NewNotificationAddress, SetNotificationUrlInput } from './notification.input.ts';

@Resolver(() => Project)
export class NotificationResolver {
  @Mutation(() => NewNotificationAddress, {
    description: 'Sets where the ends of trainings and exports are told, with a new secret, and sends a test there.',
  })
  setNotificationUrl(
    @Arg('input', () => SetNotificationUrlInput, { description: 'The address.' }) input: SetNotificationUrlInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.notifications.setUrl(caller, input);
  }

  @FieldResolver(() => [Notification], {
    description: 'Messages to its notification address, newest first, at most 100.',
  })
  notifications(@Root() project: Project, @Ctx() { services }: Context) {
    return services.notifications.list(project);
  }
}
