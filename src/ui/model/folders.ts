import { LabError } from '../../lib/labError.ts';
import { quote, saidBy } from '../../lib/quote.ts';

/** A folder as it was dropped or picked: the files that lie in it, not those of folders within. */
export interface PickedFolder {
  readonly name: string;
  readonly files: readonly File[];
}

/** What a drop holds: folders, and files beside them. */
export interface Dropped {
  readonly folders: readonly PickedFolder[];
  readonly files: readonly File[];
}

/** Asked at once: after the event the list is empty. @throws LabError `bad-file` for a folder that can't be read */
export async function droppedIn({ items, files }: Pick<DataTransfer, 'items' | 'files'>): Promise<Dropped> {
  const entries = [...items].map((item) => item.webkitGetAsEntry());
  const all = [...files];
  const folders = entries.filter((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true);
  const names = new Set(folders.map(({ name }) => name));
  return {
    folders: await Promise.all(
      folders.map((folder) =>
        filesOf(folder).catch((cause: unknown) => {
          throw new LabError(
            'bad-file',
            `The folder ${quote(folder.name)} can’t be read: ${saidBy(cause)}.`,
            'See whether it is still there and may be read, and drop it once more.',
            cause,
          );
        }),
      ),
    ),
    files: all.filter(({ name }) => !names.has(name)),
  };
}

async function filesOf(folder: FileSystemDirectoryEntry): Promise<PickedFolder> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A browser hands out a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return { name: folder.name, files };
    for (const entry of some) {
      if (!entry.isFile) continue;
      files.push(
        await new Promise<File>((resolve, reject) => {
          (entry as FileSystemFileEntry).file(resolve, reject);
        }),
      );
    }
  }
}

/** What a picker of folders gave; null where it was left without one. */
export function pickedIn(files: readonly File[]): PickedFolder | null {
  const [first] = files;
  if (first === undefined) return null;
  const [name = ''] = first.webkitRelativePath.split('/');
  return { name, files: files.filter((file) => file.webkitRelativePath.split('/').length === 2) };
}
