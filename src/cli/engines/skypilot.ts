import { statuses } from '../exitStatus.ts';
import {
  inCheckout,
  plainName,
  quoted,
  startedAgain,
  taskCommand,
  type Engine,
  type Sweep,
} from '../sweep.ts';

/** Beside the checkout, which SkyPilot copies to each machine. */
const results = '/results';

const skypilot: Engine = {
  title: 'SkyPilot',
  write: (
    sweep,
    file,
  ) => `# ${sweep.name}: one of the tasks that are left to make, as a managed job. All of them:
#   for i in ${sweep.tasks.join(' ')}; do sky jobs launch --yes --detach-run --env LAB_INDEX=$i ${quoted(file)}; done
# \`lab-results\` is a volume (sky volumes apply); a bucket will not do, as a lock is a file that only one can make.
name: ${plainName(sweep.name)}
workdir: .
resources:
${gpu(sweep)}  job_recovery:
    # After a failure in another region.
    strategy: EAGER_NEXT_REGION
    # ${statuses.wrong}, as all that is not named below: never again.
    max_restarts_on_errors: 0
    recover_on_exit_codes: [${startedAgain.join(', ')}]
volumes:
  ${results}: lab-results
envs:
  LAB_INDEX: "${sweep.tasks[0]}"
setup: |
  sudo apt-get update
  sudo apt-get install --yes --no-install-recommends libvulkan1 libx11-6 libxext6 libegl1
  command -v node || { curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash - && sudo apt-get install --yes nodejs; }
  npm ci
run: exec ${taskCommand(inCheckout(sweep), results).map(quoted).join(' ')}
`,
};
export default skypilot;

const gpu = (sweep: Sweep): string => (sweep.gpu ? '  accelerators: {L4: 1, A10G: 1, T4: 1}\n' : '');
