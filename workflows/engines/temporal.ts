import {
  Client,
  Connection,
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type ClientInterceptors,
} from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { TemporalConfig } from '../../infra/config.ts';
import { queueName } from '../../schema/contracts/task-queue.ts';
import { EngineUnavailableError, type Engine, type RunState, type StartOptions } from './engine.ts';
import { connectionOptions } from './temporal-connection.ts';

/** By default the pauses between attempts to connect grow to two minutes. */
const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 5000 };

/** A caller waits for so long, no longer, when the server does not answer. */
const callTimeoutMs = 5000;

const states: Record<string, RunState> = { RUNNING: 'RUNNING', COMPLETED: 'COMPLETED', CANCELLED: 'CANCELLED' };

/**
 * The client half of the Temporal engine. It connects when it is first used and again whenever the connection broke.
 * Groups are not kept apart here: the service refuses a second training of a project while one is under way.
 */
export class TemporalEngine implements Engine {
  private readonly connection: Connection;
  private readonly client: Client;
  private readonly taskQueue: string;

  constructor(config: TemporalConfig, interceptors: ClientInterceptors = {}) {
    this.connection = Connection.lazy({ ...connectionOptions(config), channelArgs });
    this.client = new Client({ connection: this.connection, namespace: config.namespace, interceptors });
    this.taskQueue = queueName(config.taskQueue, 'workflows');
  }

  async start(name: string, input: unknown, { id }: StartOptions): Promise<void> {
    const options = {
      taskQueue: this.taskQueue,
      workflowId: id,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    } as const;
    await this.ask(() => this.client.workflow.start(name, options)).catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    });
  }

  async cancel(id: string): Promise<void> {
    await this.ask(() => this.client.workflow.getHandle(id).cancel()).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
  }

  async describe(id: string): Promise<{ status: RunState; error?: string } | null> {
    try {
      const { status } = await this.ask(() => this.client.workflow.getHandle(id).describe());
      const state = states[status.name] ?? 'FAILED';
      return state === 'FAILED' ? { status: state, error: await this.errorOf(id) } : { status: state };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private async errorOf(id: string): Promise<string> {
    try {
      await this.ask(() => this.client.workflow.getHandle(id).result());
      return '';
    } catch (error) {
      if (error instanceof WorkflowFailedError) return error.cause?.message ?? error.message;
      throw error;
    }
  }

  /** @throws EngineUnavailableError when no answer came */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await this.connection.withDeadline(Date.now() + callTimeoutMs, question);
    } catch (error) {
      const { cause } = error as { cause?: unknown };
      if (isGrpcServiceError(error) || isGrpcServiceError(cause))
        throw new EngineUnavailableError(`Temporal refused or did not answer: ${(error as Error).message}`, {
          cause: error,
        });
      throw error;
    }
  }
}
