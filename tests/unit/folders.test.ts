import { expect, it } from 'vitest';
import { droppedIn } from '../../src/ui/model/folders.ts';

/** What is dropped: a folder whose files come as a reader gives them. */
function dropped(read: (done: (entries: object[]) => void, failed: (why: Error) => void) => void) {
  const entry = { isDirectory: true, name: 'mine', createReader: () => ({ readEntries: read }) };
  return { items: [{ webkitGetAsEntry: () => entry }], files: [] } as unknown as DataTransfer;
}

it('a dropped folder is its files, not those of folders within', async () => {
  const config = new File([''], 'config.json');
  const entries = [
    {
      isFile: true,
      file: (take: (file: File) => void) => {
        take(config);
      },
    },
    { isFile: false },
  ];
  const { folders } = await droppedIn(
    dropped((done) => {
      done(entries.splice(0));
    }),
  );
  expect(folders).toEqual([{ name: 'mine', files: [config] }]);
});

it('one that can’t be read is refused in a sentence', async () => {
  const gone = droppedIn(
    dropped((_, failed) => {
      failed(new Error('A requested file could not be found.'));
    }),
  );
  await expect(gone).rejects.toMatchObject({
    code: 'bad-file',
    message: 'The folder "mine" can’t be read: A requested file could not be found.',
    remedy: 'See whether it is still there and may be read, and drop it once more.',
  });
});
