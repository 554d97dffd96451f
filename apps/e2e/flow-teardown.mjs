export default async () => {
  await globalThis.strongroomInstallation?.stop();
};
