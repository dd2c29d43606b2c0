import type { Installation } from './installation.ts';
import { Line } from './toxiproxy.ts';

/** Each server of an installation over a line of its own, for the processes that are started with the settings. */
export interface Lines {
  mysql: Line;
  s3: Line;
  temporal: Line;
  settings: Record<string, string>;
  close(): Promise<void>;
}

const required = (settings: Record<string, string>, name: string): string => {
  const value = settings[name];
  if (value === undefined) throw new Error(`${name} is not set: these tests are about MySQL, S3 and Temporal.`);
  return value;
};

export async function layLines({ settings }: Installation): Promise<Lines> {
  const database = new URL(required(settings, 'TAGLENS_DATABASE_URL'));
  const bucket = new URL(required(settings, 'TAGLENS_S3_ENDPOINT'));
  const mysql = await Line.to(database.host);
  const s3 = await Line.to(bucket.host);
  const temporal = await Line.to(required(settings, 'TAGLENS_TEMPORAL_ADDRESS'));
  database.host = mysql.address;
  bucket.host = s3.address;
  return {
    mysql,
    s3,
    temporal,
    settings: {
      TAGLENS_DATABASE_URL: database.href,
      TAGLENS_S3_ENDPOINT: bucket.href,
      TAGLENS_TEMPORAL_ADDRESS: temporal.address,
    },
    close: async () => {
      for (const line of [mysql, s3, temporal]) await line.close();
    },
  };
}
