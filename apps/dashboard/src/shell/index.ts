/** The frame of both areas: `<Frame area="dashboard" places={[{ to: '/dashboard/clients', label: 'Applications' }]}>` around an area's `<Routes>`. */
export { Frame, type Place } from './frame.js';
