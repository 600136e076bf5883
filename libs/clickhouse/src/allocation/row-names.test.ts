import { podsOf } from './row-names';

const byPod = { parts: ['namespace', 'pod'], cluster: '' } as const;

describe('the pods of named rows', () => {
  it('are what stands in the place of the pod', () => {
    expect(podsOf(byPod, ['shop/web-1', 'shop/web-2', 'tools/web-1'])).toEqual(['web-1', 'web-2']);
  });

  it('are none for rows without a pod, and also what is called as they are', () => {
    expect(podsOf(byPod, ['__idle__'])).toEqual(['']);
    expect(podsOf(byPod, ['__unmounted__/__unmounted__'])).toEqual(['__unmounted__', '']);
    expect(podsOf({ parts: ['pod'], cluster: '' }, ['__idle__', 'web-1'])).toEqual(['__idle__', '', 'web-1']);
  });

  it('are not known where a name has more slashes than its parts, or no pod', () => {
    expect(podsOf({ parts: ['cluster', 'pod'], cluster: 'eu/one' }, ['eu/one/web-1'])).toBeNull();
    expect(podsOf({ parts: ['namespace', 'container'], cluster: '' }, ['shop/app'])).toBeNull();
  });
});
