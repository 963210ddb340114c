// For developing the console: node fake-main.mjs [PORT] [USER]
import { startFake } from './fake-api.mjs';

const fake = await startFake({ port: Number(process.argv[2] ?? 8088), user: process.argv[3] });
console.log(`${fake.url} (any of ann, sun, otto, vera; password "correct horse")`);
