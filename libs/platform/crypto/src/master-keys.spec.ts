import { RemoteKeyService, RemoteMasterKeys } from '../test/remote-key-service.js';
import { ConfiguredMasterKeys } from './configured-master-keys.js';
import { describeMasterKeys } from './master-keys.conformance.js';

const configured = async () => {
  const [old, fresh] = [ConfiguredMasterKeys.generate('old'), ConfiguredMasterKeys.generate('new')];
  return Promise.resolve({
    keys: ConfiguredMasterKeys.parse(old),
    another: () => ConfiguredMasterKeys.parse(old),
    foreign: () => Promise.resolve(ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('old'))),
    withNewKey: () => ConfiguredMasterKeys.parse(`${fresh},${old}`),
    withoutOldKey: () => ConfiguredMasterKeys.parse(fresh),
    end: () => Promise.resolve(),
  });
};

const remote = async () => {
  const services = [new RemoteKeyService(), new RemoteKeyService()] as const;
  const [service, theirs] = services;
  await service.start();
  return {
    keys: new RemoteMasterKeys(service),
    another: () => new RemoteMasterKeys(service),
    foreign: async () => {
      await theirs.start();
      return new RemoteMasterKeys(theirs);
    },
    withNewKey: () => {
      service.rotate();
      return new RemoteMasterKeys(service);
    },
    withoutOldKey: () => {
      service.forgetOld();
      return new RemoteMasterKeys(service);
    },
    service: {
      stop: () => service.stop(),
      start: () => service.start(),
      is: (mood: RemoteKeyService['mood']) => void (service.mood = mood),
    },
    end: async () => {
      await Promise.all(services.map((each) => each.stop()));
    },
  };
};

describeMasterKeys('ConfiguredMasterKeys', configured, false);
describeMasterKeys('a remote key service', remote, true);
