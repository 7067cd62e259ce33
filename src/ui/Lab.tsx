import { ChartBar } from './charts/ChartBar.tsx';
import { ChartCard } from './charts/ChartCard.tsx';
import { charts } from './charts/charts.ts';
import { SpeedCard } from './charts/SpeedCard.tsx';
import { ControlRail } from './controls/ControlRail.tsx';
import { LaneCards } from './lanes/LaneCards.tsx';
import { RolloutPanel } from './rollouts/RolloutPanel.tsx';
import { Boundary } from './states/Boundary.tsx';
import { Notices, Stage } from './states/Stage.tsx';
import { Timeline } from './timeline/Timeline.tsx';
import { Tour } from './tour/Tour.tsx';
import { useShortcuts } from './bar/useShortcuts.ts';

/** The page on which policies train. */
export function Lab() {
  useShortcuts();
  return (
    <main>
      <Boundary what="The list of lanes">
        <LaneCards />
      </Boundary>
      <div className="stage">
        <Stage />
        <Notices />
        <ChartBar />
        <div className="charts">
          {charts.map((spec) => (
            <Boundary key={spec.id} what={spec.title}>
              <ChartCard spec={spec} />
            </Boundary>
          ))}
          <Boundary what="Speed">
            <SpeedCard />
          </Boundary>
        </div>
        <Boundary what="The timeline">
          <Timeline />
        </Boundary>
        <Boundary what="The rollouts">
          <RolloutPanel />
        </Boundary>
      </div>
      <Boundary what="The settings">
        <ControlRail />
      </Boundary>
      <Tour />
    </main>
  );
}
