import { ready } from '../lib/timedWorker.ts';
import { answerCall, LogShelf, type ShelfCall } from './logShelf.ts';

// The script of a worker: 50 MB of JSON, or what is in them, would hold up the page, and what trains behind it.
const shelf = new LogShelf();

self.onmessage = ({ data }: MessageEvent<ShelfCall>) => {
  void answerCall(shelf, data).then((answer) => {
    const result = 'result' in answer ? answer.result : undefined;
    const packed = result !== undefined && result !== null && 'rows' in result;
    self.postMessage(answer, { transfer: packed ? [result.rows.buffer] : [] });
  });
};

self.postMessage(ready);
