import { statuses } from '../exitStatus.ts';
import {
  inCheckout,
  mostAgain,
  plainName,
  quoted,
  startedAgain,
  taskCommand,
  type Engine,
  type Sweep,
} from '../sweep.ts';

const results = '/results';

const kubernetes: Engine = {
  title: 'Kubernetes',
  write: (sweep, file) => `# ${sweep.name}: an Indexed Job of what is left to make; Kubernetes from 1.29.
#   docker build -f Containerfile --build-arg LAB_COMMIT="$(git rev-parse HEAD)" -t m-grpo-lab . && docker push …
#   kubectl apply -f ${quoted(file)}
# The claim \`results\` is a volume that all nodes may write to (ReadWriteMany); put your registry before the image.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${plainName(sweep.name)}
spec:
  completionMode: Indexed
  completions: ${sweep.tasks.length}
  parallelism: ${sweep.tasks.length}
  backoffLimitPerIndex: ${mostAgain}
  podFailurePolicy:
    rules:
      # Wrong settings, or a bug: never again. The other tasks go on.
      - action: FailIndex
        onExitCodes:
          containerName: task
          operator: In
          values: [1, ${statuses.wrong}]
      # A node that was drained, or a pod that made place for another: again, however often.
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      # No usable GPU, or interrupted: again, wherever there is place, up to the limit.
      - action: Count
        onExitCodes:
          containerName: task
          operator: In
          values: [${startedAgain.join(', ')}]
  template:
    spec:
      restartPolicy: Never
      # A checkpoint takes well under ten seconds.
      terminationGracePeriodSeconds: 30
      containers:
        - name: task
          image: m-grpo-lab
          # Which task a pod makes; a number that is not left to make has none.
          command:
            - /bin/sh
            - -c
            - ${JSON.stringify(script(sweep))}
${gpu(sweep)}          volumeMounts:
            - name: results
              mountPath: ${results}
      volumes:
        - name: results
          persistentVolumeClaim:
            claimName: results
`,
};
export default kubernetes;

/** Of a pod; it becomes the task, so that a signal reaches that. */
function script(sweep: Sweep): string {
  const command = taskCommand(inCheckout(sweep), results).map(quoted).join(' ');
  return `set -- ${sweep.tasks.join(' ')}; shift "$JOB_COMPLETION_INDEX"; exec ${command} --index "$1"`;
}

const gpu = (sweep: Sweep): string =>
  sweep.gpu
    ? `          resources:
            limits:
              nvidia.com/gpu: 1
`
    : '';
