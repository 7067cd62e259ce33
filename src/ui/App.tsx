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

/** The Lab screen. */
export function App() {
  useShortcuts();
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
            {charts.map((spec) => (
              <ChartCard key={spec.id} spec={spec} />
            ))}
            <SpeedCard />
          </div>
          <RolloutPanel />
        </div>
        <ControlRail />
      </main>
    </>
  );
}
