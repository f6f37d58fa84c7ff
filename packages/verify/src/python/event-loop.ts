/**
 * The event loop of `asyncio` behind the WebAssembly wall. CPython's own wakes itself by a pair of sockets, which the
 * wall does not have; here no socket, signal or other thread could wake a loop, so this one waits for time alone.
 * It stands in for the module `asyncio.unix_events`, and is made when that is imported and not before.
 */
const EVENT_LOOP = String.raw`
"""Event loop of a sandbox in which only time passes."""
from time import sleep
from . import base_events, events

__all__ = ('SelectorEventLoop', 'EventLoop')


class _Timer:
    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError('the event loop waits for ever: no task can go on and no timer is set')
        if timeout > 0: sleep(timeout)
        return []


class SelectorEventLoop(base_events.BaseEventLoop):
    def __init__(self, selector=None):
        super().__init__()
        self._selector = _Timer()

    def _process_events(self, event_list): pass

    def _write_to_self(self): pass

    def run_in_executor(self, executor, func, *args):
        # At once, in the only thread there is.
        self._check_closed()
        future = self.create_future()
        try: future.set_result(func(*args))
        except (SystemExit, KeyboardInterrupt): raise
        except BaseException as error: future.set_exception(error)
        return future


EventLoop = SelectorEventLoop


class _DefaultEventLoopPolicy(events._BaseDefaultEventLoopPolicy):
    _loop_factory = SelectorEventLoop

    def get_event_loop(self):
        # As until Python 3.13, for which most programs are written.
        if self._local._loop is None: self.set_event_loop(self.new_event_loop())
        return self._local._loop
`;

/** Defines `_install_event_loop(source)`: an import of the one module finds it, every other import goes on as before. */
const INSTALL = String.raw`
def _install_event_loop(source):
    import sys
    from builtins import compile, exec
    Spec = type(sys.__spec__)

    class EventLoopFinder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == 'asyncio.unix_events': return Spec(name, EventLoopFinder, origin='sandbox')

        @staticmethod
        def create_module(spec): return None

        @staticmethod
        def exec_module(module):
            exec(compile(source, '<event loop>', 'exec', dont_inherit=True), module.__dict__)

    sys.meta_path.insert(0, EventLoopFinder)
`;

/** Python source that puts the event loop in its place; for the start of an interpreter. */
export const EVENT_LOOP_SETUP = `${INSTALL}
_install_event_loop(${JSON.stringify(EVENT_LOOP)})
`;
