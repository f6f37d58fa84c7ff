import type { FileSystem, FsNode, FsStream } from './emscripten.js';

interface SavedNode {
  readonly node: FsNode;
  readonly fields: Pick<FsNode, 'mode' | 'usedBytes' | 'link' | 'name' | 'parent' | 'atime' | 'mtime' | 'ctime'>;
  readonly next: FsNode | undefined;
  readonly entries: Readonly<Record<string, FsNode>> | null;
  readonly bytes: Uint8Array | null;
}

interface SavedStream {
  readonly stream: FsStream;
  readonly flags: number;
  readonly node: FsNode;
  readonly ops: FsStream['stream_ops'];
}

/** The in-memory file system of a module as it is now: its tree, its table of names, its open files. */
export class FileImage {
  private readonly nodes: SavedNode[] = [];
  private readonly table: (FsNode | undefined)[];
  private readonly streams: (SavedStream | null)[];
  private readonly nextInode: number;
  private readonly currentPath: string;

  constructor(private readonly fs: FileSystem) {
    this.save(fs.root, new Set());
    this.table = [...fs.nameTable];
    this.nextInode = fs.nextInode;
    this.currentPath = fs.currentPath;
    this.streams = [...fs.streams].map((stream) =>
      stream === null || stream === undefined
        ? null
        : { stream, flags: stream.flags, node: stream.node, ops: stream.stream_ops },
    );
  }

  /** Puts the file system back. Files that were written meanwhile are gone, changed ones are as they were. */
  restore(): void {
    const { fs } = this;
    for (const { node, fields, next, entries, bytes } of this.nodes) {
      Object.assign(node, fields);
      if (next === undefined) delete node.name_next;
      else node.name_next = next;
      if (entries !== null) node.contents = { ...entries };
      else if (bytes !== null) node.contents = bytes.slice();
    }
    fs.nameTable.length = 0;
    for (const [index, node] of this.table.entries()) fs.nameTable[index] = node;
    fs.nextInode = this.nextInode;
    fs.currentPath = this.currentPath;
    fs.streams.length = 0;
    for (const [fd, saved] of this.streams.entries()) {
      if (saved !== null) {
        const { stream, flags, node, ops } = saved;
        Object.assign(stream, { fd, flags, node, stream_ops: ops, position: 0 });
      }
      fs.streams[fd] = saved?.stream ?? null;
    }
  }

  private save(node: FsNode, seen: Set<FsNode>): void {
    if (seen.has(node)) return;
    seen.add(node);
    const { mode, usedBytes, link, name, parent, atime, mtime, ctime, contents } = node;
    const isFile = contents instanceof Uint8Array;
    const isFolder = !isFile && typeof contents === 'object' && contents !== null && (mode & 0o170000) === 0o040000;
    this.nodes.push({
      node,
      fields: { mode, name, parent, atime, mtime, ctime, ...pick('usedBytes', usedBytes), ...pick('link', link) },
      next: node.name_next,
      entries: isFolder ? { ...contents } : null,
      bytes: isFile ? contents.slice() : null,
    });
    if (isFolder) for (const each of Object.values(contents)) this.save(each, seen);
  }
}

function pick<Key extends 'usedBytes' | 'link', Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}
