import { Catalogue } from '@strongroom/providers';
import { check, type Finding } from './finding.js';

/** Every service that speaks of providers reads these files at its start, and does not start with a wrong one. */
export const checkCatalogue = (files: readonly string[]): Promise<Finding> =>
  check('provider catalogue', () => {
    const { size } = Catalogue.load(files).providers;
    return files.length === 0 ? `${size} providers, as shipped` : `${size} providers, with ${files.join(', ')}`;
  });
