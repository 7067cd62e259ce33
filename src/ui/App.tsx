import { TopBar } from './bar/TopBar.tsx';
import { useShortcuts } from './bar/useShortcuts.ts';
import { ChartCard } from './charts/ChartCard.tsx';
import { charts } from './charts/charts.ts';
import { SpeedCard } from './charts/SpeedCard.tsx';
import { ControlRail } from './controls/ControlRail.tsx';
import { LaneCards } from './lanes/LaneCards.tsx';
import { RolloutPanel } from './rollouts/RolloutPanel.tsx';
import { Announcer } from './states/Announcer.tsx';
import { Notices, Stage } from './states/Stage.tsx';
import { useLab } from './useStore.ts';

/** The Lab screen. */
export function App() {
  useShortcuts();
  // The step axis spans the whole run from the start, so that curves grow into it and nothing rescales.
  const lastStep = useLab(({ lanes }) => Math.max(1, ...lanes.map(({ settings }) => settings.steps)));
  return (
    <>
      <TopBar />
      <Announcer />
      <main>
        <LaneCards />
        <div className="stage">
          <Stage />
          <Notices />
          <div className="charts">
            {charts.map((spec, slot) => (
              <ChartCard key={spec.id} spec={spec} slot={slot} lastStep={lastStep} />
            ))}
            <SpeedCard slot={charts.length} />
          </div>
          <RolloutPanel />
        </div>
        <ControlRail />
      </main>
    </>
  );
}
