import '../../lib/trustedScripts.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../lab.css';
import { Bench } from './Bench.tsx';
import './bench.css';

const root = document.getElementById('root');
if (root === null) throw new Error('bench.html has no #root');
createRoot(root).render(
  <StrictMode>
    <Bench />
  </StrictMode>,
);
