/** Main module of the process that makes an image of a prepared interpreter; runs no program. */
import { loadParts } from './backend.js';
import { PRELOADED, removeStaleImages, writeImage } from './image.js';
import { PythonRuntime } from './runtime.js';

const [, , path] = process.argv;
if (path === undefined) {
  process.stderr.write('make-image: must be given the path of the image, got none\n');
  process.exitCode = 1;
} else {
  const runtime = await PythonRuntime.start(await loadParts(), null);
  runtime.preload(PRELOADED);
  runtime.seal();
  writeImage(path, runtime.image);
  removeStaleImages(path, Date.now());
  // Emscripten leaves handles open that would keep the process.
  process.exit(0);
}
