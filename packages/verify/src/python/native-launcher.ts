import { HARNESS, WORK_FOLDER } from './harness.js';
import { toPython } from './values.js';

/** Descriptor of the channel in a native interpreter: a socket on which both sides send frames. */
export const CHANNEL_FD = 3;

/**
 * The first program of a native interpreter: it carries the harness, which was written for an interpreter whose host
 * answers each write at once, over a socket. Frames to it: 4 bytes of length and a Python literal. Frames from it: one
 * byte of kind (`r` ready, `?` question, `=` answer), 4 bytes of length, ASCII text. The first frame brings the files
 * and limits of the job; each other is a request.
 */
const LAUNCHER = String.raw`
def _main(HARNESS, FD, WORK):
    import sys, posix, resource, builtins, os, site
    from builtins import bytes, int, len, eval, list, BaseException, MemoryError
    Module, modules = type(sys), sys.modules
    write, read, dup2, close, open_file = posix.write, posix.read, posix.dup2, posix.close, posix.open
    unlink, leave, lseek = posix.unlink, posix._exit, posix.lseek
    setrlimit, getrlimit, AS = resource.setrlimit, resource.getrlimit, resource.RLIMIT_AS
    mode = posix.O_RDWR | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    pending, replies = [], []

    def exactly(size):
        parts = []
        while size > 0:
            part = read(FD, size)
            if not part: leave(0)
            parts.append(part)
            size -= len(part)
        return b''.join(parts)

    def receive():
        return exactly(int.from_bytes(exactly(4), 'big'))

    def send(kind, data):
        data = kind + len(data).to_bytes(4, 'big') + data
        while data: data = data[write(FD, data):]

    # The harness writes its answers to a descriptor, and reads a reply until there is no more of it.
    def hear(fd, data):
        pending.append(bytes(data))
        return len(data)

    def tell(fd, size):
        if pending:
            send(b'?', b''.join(pending))
            pending.clear()
            replies.append(receive())
        return replies.pop() if replies else b''

    shim = Module('posix')
    shim.write, shim.read = hear, tell
    names = {'__builtins__': builtins}
    exec(compile(HARNESS, '<harness>', 'exec'), names)
    modules['posix'] = shim
    serve = names['_make'](FD, WORK)
    modules['posix'] = posix
    for name in [name for name in modules if modules[name] is None]: del modules[name]
    modules['__main__'] = Module('__main__')
    if sys.flags.no_site:
        site.setquit()
        site.sethelper()

    def limit(limits, memory):
        for name, value in limits:
            setrlimit(getattr(resource, 'RLIMIT_' + name), (value, value))
        with open('/proc/self/statm') as file: pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + memory
        # The harness may go a little further, to say that the memory was full.
        setrlimit(AS, (most, most + (32 << 20)))

    def prepare(job):
        for path, text in job['files']:
            path = os.path.join(WORK, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as file: file.write(text.encode('utf-8', 'surrogatepass'))
        limit(job['limits'], job['memory'])

    def feed(text):
        fd = open_file('/tmp/.stdin', mode, 0o600)
        unlink('/tmp/.stdin')
        data = text.encode('utf-8', 'surrogatepass')
        while data: data = data[write(fd, data):]
        lseek(fd, 0, 0)
        dup2(fd, 0)
        close(fd)

    def join():
        # As at the end of the interpreter: a script ends when its threads do.
        try:
            threading = modules.get('threading')
            if threading is not None: threading._shutdown()
            for stream in (sys.stdout, sys.stderr): stream.flush()
        except BaseException: pass

    nothing = {'__builtins__': {}}
    send(b'r', b'')
    prepare(eval(receive().decode('utf-8'), nothing))
    while True:
        frame = eval(receive().decode('utf-8'), nothing)
        feed(frame['stdin'])
        try:
            serve(frame['request'])
            if frame['script']: join()
        except MemoryError:
            setrlimit(AS, (getrlimit(AS)[1], getrlimit(AS)[1]))
            pending[:] = [b'{"ended":"raised","type":"MemoryError","message":""}']
        answer = b''.join(pending)
        pending.clear()
        send(b'=', answer)
`;

/** The text for `python -c`. */
export const NATIVE_PROGRAM = `${LAUNCHER}
_main(${toPython(HARNESS)}, ${CHANNEL_FD}, ${toPython(WORK_FOLDER)})
`;
