import { dashboardFiles } from './serve-dashboard.js';

describe('the dashboard of the standalone server', () => {
  it('is left out where it is not built, unless it is asked for', () => {
    expect(dashboardFiles(undefined, '/nowhere')).toBeNull();
    expect(dashboardFiles('off')).toBeNull();
    expect(() => dashboardFiles('on', '/nowhere')).toThrow(/STRONGROOM_DASHBOARD=on.*npm run build/);
  });
});
