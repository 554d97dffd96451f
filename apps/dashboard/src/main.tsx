import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App } from './app.js';
import { sessions, takeArrival } from './session/index.js';
import './ui/strongroom.css';

const arrival = takeArrival(location, history);
if (arrival.kind === 'sign-in') void sessions[arrival.remembered.area].begin(arrival);
if (arrival.kind === 'signed-out') for (const session of Object.values(sessions)) session.stayOut();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <BrowserRouter>
      <App arrival={arrival} />
    </BrowserRouter>
  </StrictMode>,
);
