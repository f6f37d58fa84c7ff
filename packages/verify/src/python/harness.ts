/**
 * The Python side of the runtime: a few functions that live in the interpreter beside the program. They know nothing
 * that must be hidden from it; expected values, checks and verdicts are elsewhere. `serve` takes one request as the
 * text of a Python expression (written by `toPython`) and writes one answer as JSON to file descriptor `ANSWER_FD`.
 *
 * What it uses later is bound before the program runs, so that a program which patches `builtins` harms itself only.
 */
export const ANSWER_FD = 3;

/** Folder in which a program finds its files; also its working directory. */
export const WORK_FOLDER = '/work';

export const HARNESS = String.raw`
def _make(ANSWER_FD, WORK):
    import sys, posix, atexit
    from builtins import (bool, int, float, str, bytes, bytearray, list, tuple, dict, set, frozenset, complex, type,
        object, isinstance, issubclass, len, range, map, zip, all, ord, chr, dir, eval, exec, compile, sorted, getattr,
        hasattr, open, BaseException, Exception, SystemExit, RuntimeError, TypeError, NameError, KeyError,
        AttributeError)
    import builtins
    Module = type(sys)
    write, read = posix.write, posix.read
    hook, stdin, stdout, stderr = sys.__excepthook__, sys.__stdin__, sys.__stdout__, sys.__stderr__
    modules, path = sys.modules, sys.path
    # What cannot work behind the wall says so at its import and not by the end of the interpreter.
    for name in ('ctypes', '_ctypes', '_pyodide_core', '_testcapi', '_testinternalcapi', '_testlimitedcapi', '_xxtestfuzz'):
        modules[name] = None
    known = frozenset(dir(builtins))
    exceptions = {name: each for name, each in builtins.__dict__.items()
                  if isinstance(each, type) and issubclass(each, BaseException)}
    plain_chars = frozenset(map(chr, range(32, 127))) - {'"', '\\'}

    class Opaque(Exception):
        pass

    # ---- values to JSON ----
    def text(value):
        if plain_chars.issuperset(value):
            return '"' + value + '"'
        out = ['"']
        for sign in value:
            code = ord(sign)
            if sign in plain_chars: out.append(sign)
            elif code < 0x10000: out.append('\\u%04x' % code)
            else:
                code -= 0x10000
                out.append('\\u%04x\\u%04x' % (0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff)))
        out.append('"')
        return ''.join(out)

    def number(value, exact=False):
        if value != value: return '{"$float":"nan"}'
        if value in (float_inf, -float_inf): return '{"$float":"inf"}' if value > 0 else '{"$float":"-inf"}'
        # 3.0 must not become 3 on its way to another interpreter.
        if exact and value.is_integer(): return '{"$float":"' + float.__repr__(value) + '"}'
        return float.__repr__(value)
    float_inf = float('inf')

    def encode(value, depth=0, keep=None):
        kind = type(value)
        if value is None: return 'null'
        if kind is bool: return 'true' if value else 'false'
        if depth > 75: raise Opaque('a value nests too deep')
        if issubclass(kind, bool): return 'true' if value else 'false'
        if issubclass(kind, int):
            plain = int.__int__(value)
            if -9007199254740991 <= plain <= 9007199254740991: return int.__repr__(plain)
            return '{"$int":"' + int.__repr__(plain) + '"}'
        if issubclass(kind, float): return number(float.__float__(value), keep is not None)
        if issubclass(kind, str): return text(str.__str__(value))
        if issubclass(kind, list):
            return '[' + ','.join([encode(each, depth + 1, keep) for each in list.__iter__(value)]) + ']'
        if issubclass(kind, tuple):
            return '{"$tuple":[' + ','.join([encode(each, depth + 1, keep) for each in tuple.__iter__(value)]) + ']}'
        if issubclass(kind, set) or issubclass(kind, frozenset):
            base = set if issubclass(kind, set) else frozenset
            return '{"$set":[' + ','.join(sorted([encode(each, depth + 1, keep) for each in base.__iter__(value)])) + ']}'
        if issubclass(kind, dict):
            pairs = list(dict.items(value))
            if all([type(key) is str and key[:1] != '$' for key, _ in pairs]):
                return '{' + ','.join([text(key) + ':' + encode(each, depth + 1, keep) for key, each in pairs]) + '}'
            return '{"$dict":[' + ','.join(['[' + encode(key, depth + 1, keep) + ',' + encode(each, depth + 1, keep) + ']'
                                            for key, each in pairs]) + ']}'
        if issubclass(kind, bytes) or issubclass(kind, bytearray):
            return '{"$bytes":"' + bytes(value).hex() + '"}'
        if kind is complex:
            return '{"$complex":[' + number(value.real) + ',' + number(value.imag) + ']}'
        if keep is not None: return '{"$remote":%d}' % keep(value)
        return '{"$object":' + text(str(kind.__name__)) + '}'

    def answer(body):
        data = body.encode('ascii')
        while data:
            data = data[write(ANSWER_FD, data):]

    # ---- the program ----
    state = {'module': None, 'objects': [], 'loop': None}

    def keep(value):
        state['objects'].append(value)
        return len(state['objects']) - 1

    def flush():
        for stream in (sys.stdout, sys.stderr, stdout, stderr):
            try: stream.flush()
            except BaseException: pass

    def show(error):
        flush()
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == '<harness>': trace = trace.tb_next
        try:
            error.__traceback__ = trace
            hook(type(error), error, trace)
        except BaseException: pass

    def left(error):
        if isinstance(error, SystemExit):
            code = error.code
            if code is None: code = 0
            elif type(code) is not int:
                try: stderr.write(str(code) + '\n')
                except BaseException: pass
                code = 1
            return '{"ended":"exit","code":%d}' % (code & 255)
        show(error)
        try: message = str(error)
        except BaseException: message = ''
        return '{"ended":"raised","type":' + text(str(type(error).__name__)) + ',"message":' + text(message[:2000]) + '}'

    def load(entry, name):
        if path[:1] != [WORK]: path.insert(0, WORK)
        sys.argv[:] = [entry]
        module = Module(name) if name != '__main__' else modules['__main__']
        module.__file__ = entry
        modules[name] = module
        state['module'] = module
        with open(entry, 'rb') as file: source = file.read()
        exec(compile(source, entry, 'exec', dont_inherit=True), module.__dict__)

    def find(name):
        found = state['module']
        for part in name.split('.'):
            found = getattr(found, part)
        return found

    async def nothing(): pass
    unused = nothing()
    Coroutine = type(unused)
    unused.close()

    def wait(value):
        # All in one loop, to which what a program keeps between two calls may belong.
        if type(value) is not Coroutine: return value
        if state['loop'] is None:
            import asyncio
            state['loop'] = asyncio.new_event_loop()
        return state['loop'].run_until_complete(value)

    def call(request):
        function = find(request['function'])
        return wait(function(*request['args'], **request['kwargs']))

    def step(request):
        op = request['op']
        try:
            if op == 'load':
                load(request['entry'], request['name'])
                if request['name'] == '__main__': atexit._run_exitfuncs()
                return '{"ended":"ok"}'
            if op == 'call':
                return '{"ended":"ok","value":' + encode(call(request)) + '}'
            if op == 'remote': return remote(request)
            return judge(request)
        except BaseException as error:
            return left(error)
        finally:
            flush()

    # ---- the program seen from a judge in another interpreter ----
    def _remote(number):
        return state['objects'][number]

    def remote(request):
        what = request['what']
        if what == 'global':
            name = request['name']
            if not hasattr(state['module'], name): return '{"ended":"absent"}'
            return '{"ended":"ok","value":' + encode(getattr(state['module'], name), 0, keep) + '}'
        target = request['target']
        if what == 'get':
            return '{"ended":"ok","value":' + encode(getattr(target, request['name']), 0, keep) + '}'
        if what == 'await':
            value, args = target
            value = wait(value)
        else:
            args = request['args']
            value = target(*args, **request['kwargs'])
            if type(value) is Coroutine:
                return '{"ended":"coroutine","value":{"$remote":%d}}' % keep((value, args))
        if hasattr(type(value), '__next__'): value = list(value)
        after = encode(args, 0, keep)
        return '{"ended":"ok","value":' + encode(value, 0, keep) + ',"args":' + after + '}'

    # ---- the judge: test scripts over a program in another interpreter ----
    class Remote:
        __slots__ = ('_number',)
        def __init__(self, number): object.__setattr__(self, '_number', number)
        def __call__(self, *args, **kwargs): return ask(self, args, kwargs)
        def __getattr__(self, name):
            if name.startswith('__'): raise AttributeError(name)
            return unpack(request_json('"what":"get","target":' + pack(self) + ',"name":' + text(name)))
        def __repr__(self): return '<object of the program>'
    def pack(value):
        def other(value):
            if type(value) is Remote: return value._number
            raise TypeError('tests pass plain data to a program, got %s' % type(value).__name__)
        return encode(value, 0, other)

    def request_json(body):
        answer('{' + body + '}')
        parts = []
        while True:
            part = read(ANSWER_FD, 1 << 16)
            if not part: break
            parts.append(part)
        return eval(b''.join(parts).decode('utf-8'), {'_remote': Remote, 'float': float, 'set': set, 'dict': dict,
            'complex': complex, 'bytes': bytes, '__builtins__': {}})

    def unpack(reply):
        if reply['ended'] == 'ok': return reply['value']
        if reply['ended'] == 'absent': raise NameError('the program defines no such name')
        if reply['ended'] == 'exit': raise RuntimeError('the program left by sys.exit')
        raise raised(reply['type'], reply['message'])

    def raised(name, message):
        kind = exceptions.get(name, RuntimeError)
        try: return kind(message)
        except TypeError: pass
        # It is made from other arguments than its words; what tests look at is its type.
        try: return kind.__new__(kind)
        except TypeError: return RuntimeError(name + ': ' + message)

    async def awaited(target, args):
        return returned(args, request_json('"what":"await","target":' + pack(target)))

    def ask(target, args, kwargs):
        reply = request_json('"what":"call","target":' + pack(target) + ',"args":' + pack(list(args)) + ',"kwargs":' + pack(kwargs))
        # What the program returned is awaited where the test awaits it, from its beginning to its end.
        if reply['ended'] == 'coroutine': return awaited(reply['value'], args)
        return returned(args, reply)

    def returned(args, reply):
        value = unpack(reply)
        for before, after in zip(args, reply['args']):
            if type(before) is type(after) and before != after:
                if type(before) is list: before[:] = after
                elif type(before) in (dict, set):
                    before.clear()
                    before.update(after)
        return value

    class Names(dict):
        def __missing__(self, name):
            if name in known: raise KeyError(name)
            reply = request_json('"what":"global","name":' + text(name))
            if reply['ended'] != 'ok': raise KeyError(name)
            return reply['value']

    def begin(line):
        return request_json('"what":"begin","line":%d' % line)

    def done(line, error=None, what='failed'):
        if error is None: return request_json('"what":"passed","line":%d' % line)
        return request_json('"what":"%s","line":%d,"type":%s,"message":%s'
                            % (what, line, text(type(error).__name__), text(str(error)[:2000])))

    def each_assertion(script):
        # Every assertion is a test of its own: the ones after a failed one run too.
        import ast
        class Each(ast.NodeTransformer):
            def visit_Assert(self, node):
                at = ast.Constant(node.lineno)
                name = lambda each: ast.Name(each, ast.Load())
                ok = ast.Expr(ast.Call(name('_done'), [at], []))
                failed = ast.Expr(ast.Call(name('_done'), [at, name('_error')], []))
                attempt = ast.Try([node], [ast.ExceptHandler(name('_Exception'), '_error', [failed])], [ok], [])
                made = ast.If(ast.Call(name('_begin'), [at], []), [attempt], [])
                return ast.fix_missing_locations(ast.copy_location(made, node))
        return Each().visit(ast.parse(script, '<tests>'))

    def judge(request):
        names = Names(__name__='tests', __builtins__=builtins)
        if request['setup']: exec(compile(request['setup'], '<setup>', 'exec', dont_inherit=True), names)
        if request['entry'] is not None:
            names[request['entry']] = names['candidate'] = unpack(
                request_json('"what":"global","name":' + text(request['entry'])))
        # Also what a program raises so that nobody catches it, such as KeyboardInterrupt.
        names.update(_begin=begin, _done=done, _Exception=BaseException)
        tree = each_assertion(request['script'])
        try:
            exec(compile(tree, '<tests>', 'exec', dont_inherit=True), names)
        except SystemExit: raise
        except BaseException as error:
            trace, line = error.__traceback__, 0
            while trace is not None:
                if trace.tb_frame.f_code.co_filename == '<tests>': line = trace.tb_lineno
                trace = trace.tb_next
            done(line, error, 'broke')
        return '{"ended":"ok"}'

    def serve(request):
        environment = {'_remote': _remote, 'float': float, 'set': set, 'dict': dict, 'complex': complex,
                       'bytes': bytes, '__builtins__': {}}
        answer(step(eval(request, environment)))
    return serve
`;
