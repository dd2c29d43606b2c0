import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTrainableProject } from '../integration/api/setup.ts';
import { startProcess, type ServerProcess } from './process.ts';

const browserFile = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!browserFile) console.warn('No Chromium was found: the playground is not tested. Install the package chromium.');

describe.skipIf(!browserFile)('the playground in a real browser, with the network cut', () => {
  let folder: string;
  let server: ServerProcess;
  let browser: Browser;
  let page: Page | undefined;
  const troubles: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taglens-playground-'));
    server = await startProcess(folder);
    browser = await chromium.launch({ executablePath: browserFile ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    await server.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens the playground, as a new visitor, with a query in its editor, and runs it. */
  async function run(query: string, variables = {}): Promise<void> {
    await page?.context().close();
    page = await (await browser.newContext()).newPage();
    await watch(page);
    // GraphiQL keeps its editors in the browser's storage, which is how a test can fill them before it starts.
    await page.addInitScript(
      ([text, values]) => {
        localStorage.setItem('graphiql:query', text ?? '');
        localStorage.setItem('graphiql:variables', values ?? '');
      },
      [query, JSON.stringify(variables)],
    );
    await page.goto(`${server.url}/graphql`);
    await page.locator('.graphiql-execute-button').click();
  }

  /** Notes what a user without network would notice: requests to elsewhere, errors, violations of the page's policy. */
  async function watch(opened: Page): Promise<void> {
    await opened.route('**', async (route) => {
      const url = route.request().url();
      if (url.startsWith(server.url) || /^(data|blob):/.test(url)) return route.continue();
      troubles.push(`asked for ${url}`);
      return route.abort();
    });
    opened.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    opened.on('pageerror', (error) => troubles.push(error.message));
  }

  /** The page that `run` opened. */
  function opened(): Page {
    if (!page) throw new Error('No page is open.');
    return page;
  }
  const answer = () => opened().locator('.graphiql-response');

  test('a query is answered without a key', async () => {
    await run('{ domains { name backbone } }');
    await answer().getByText('efficientnet-lite2').first().waitFor();
    expect(await answer().textContent()).toContain('General (compact)');
    expect(troubles).toEqual([]);
  });

  test('a subscription shows a training to its end', async () => {
    const projectId = await makeTrainableProject(server, 2, 41);
    const { trainIteration } = await server.client.request<{ trainIteration: { id: string } }>(
      'mutation ($p: ID!) { trainIteration(input: { projectId: $p }) { id } }',
      { p: projectId },
    );
    const query = 'subscription ($id: ID!) { iterationProgressed(iterationId: $id) { status message } }';
    await run(query, { id: trainIteration.id });
    await answer().getByText('COMPLETED').first().waitFor();
    expect(troubles).toEqual([]);
  });

  test('the schema is there to be browsed', async () => {
    await run('{ domains { id } }');
    await opened().getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await opened().getByText('Query', { exact: true }).first().waitFor();
    const screenshot = process.env['PLAYGROUND_SCREENSHOT'];
    if (screenshot) await opened().screenshot({ path: screenshot });
    expect(troubles).toEqual([]);
  });
});
