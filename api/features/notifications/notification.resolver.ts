import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { Notification } from '../../../schema/entities/notification.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import type { Context } from '../../context.ts';
import { NewNotificationAddress, SetNotificationUrlInput } from './notification.input.ts';

@Resolver(() => Project)
export class NotificationResolver {
  @Mutation(() => NewNotificationAddress, {
    description:
      'Sets the URL notified when a training or export ends, creates a new secret, and sends a test message there.',
  })
  setNotificationUrl(
    @Arg('input', () => SetNotificationUrlInput, { description: 'The URL.' }) input: SetNotificationUrlInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.notifications.setUrl(caller, input);
  }

  @FieldResolver(() => [Notification], {
    description: 'Messages to its notification URL, newest first, at most 100.',
  })
  notifications(@Root() project: Project, @Ctx() { services }: Context) {
    return services.notifications.list(project);
  }
}
