import { expect, it } from 'vitest';
import { modelFolder } from './local-model.js';

/** A hub that must not be asked. */
const nowhere = { hubUrl: 'http://127.0.0.1:1' };

it('a path into a folder of the repository is a path, even where it is missing', async () => {
  const missing = modelFolder('models/absent', '/tmp', nowhere);
  await expect(missing).rejects.toThrow(
    /^\/tmp\/models\/absent: must be a model folder, got no such folder, nor .*absent; /,
  );
  await expect(missing).rejects.toMatchObject({ code: 'folder-missing' });
});

it('a name on the hub is asked for there', async () => {
  await expect(modelFolder('some/model', '/tmp', nowhere)).rejects.toMatchObject({ code: 'hub-unreachable' });
});
