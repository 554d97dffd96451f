// Jest loads this file as it is, so it uses what the build made: the flow suite runs built apps anyway.
import { startSharedInstallation } from './dist/setup/shared-installation.js';

export default async () => {
  globalThis.strongroomInstallation = await startSharedInstallation();
};
