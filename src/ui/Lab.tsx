import { ChartBar } from './charts/ChartBar.tsx';
import { ChartCard } from './charts/ChartCard.tsx';
import { charts } from './charts/charts.ts';
import { SpeedCard } from './charts/SpeedCard.tsx';
import { ControlRail } from './controls/ControlRail.tsx';
import { LaneCards } from './lanes/LaneCards.tsx';
import { RolloutPanel } from './rollouts/RolloutPanel.tsx';
import { Notices, Stage } from './states/Stage.tsx';
import { Timeline } from './timeline/Timeline.tsx';
import { Tour } from './tour/Tour.tsx';
import { useShortcuts } from './bar/useShortcuts.ts';

/** The page on which policies train. */
export function Lab() {
  useShortcuts();
  return (
    <main>
      <LaneCards />
      <div className="stage">
        <Stage />
        <Notices />
        <ChartBar />
        <div className="charts">
          {charts.map((spec) => (
            <ChartCard key={spec.id} spec={spec} />
          ))}
          <SpeedCard />
        </div>
        <Timeline />
        <RolloutPanel />
      </div>
      <ControlRail />
      <Tour />
    </main>
  );
}
