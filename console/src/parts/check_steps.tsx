// The result of a destination's check, step by step, with remedies.
import type { CheckResult, CheckStep } from '../api/types';
import { duration } from '../format/durations';
import { Callout } from './callout';
import { Icon, type IconName } from './icons';
import { PolicyBox } from './policies';

const STYLES: Record<CheckStep['status'], { icon: IconName; tone: string; word: string }> = {
  ok: { icon: 'done', tone: 'green', word: 'OK' },
  warning: { icon: 'warn', tone: 'amber', word: 'Warning' },
  failed: { icon: 'fail', tone: 'red', word: 'Failed' },
  unknown: { icon: 'dot', tone: 'grey', word: 'Unknown' },
  skipped: { icon: 'dot', tone: 'grey', word: 'Skipped' },
};

export function CheckSteps({ result, roleArn }: { result: CheckResult; roleArn: string }) {
  const warned = result.steps.some((step) => step.status === 'warning');
  return (
    <Callout tone={result.ok ? (warned ? 'amber' : 'green') : 'red'} live
      title={`${result.ok ? (warned ? 'Works, with a warning.' : 'Everything works.') : 'The check found a problem.'} Checked in ${duration(result.tookMs)}.`}>
      <ul className="steps" style={{ marginTop: 12 }}>
        {result.steps.map((step) => {
          const style = STYLES[step.status] ?? STYLES.unknown;
          return (
            <li key={step.name} data-step={step.name} data-status={step.status}>
              <span className={style.tone}><Icon name={style.icon} /></span>
              <div>
                <strong>{step.title} <span className={`small ${style.tone}`}>{style.word}</span></strong>
                {step.message && <p className="small">{step.message}</p>}
                {step.remedy && <p className="small" style={{ whiteSpace: 'pre-wrap' }}><b>What to do:</b> {step.remedy}</p>}
                {(step.code || step.requestId) && (
                  <p className="small dim mono">{[step.code, step.requestId && `request id ${step.requestId}`].filter(Boolean).join(' · ')}</p>
                )}
                {step.policy && (
                  <div style={{ marginTop: 6 }}>
                    <PolicyBox kind={step.name === 'assumeRole' || step.name === 'externalId' ? 'trust' : 'permission'} policy={step.policy} roleArn={roleArn} name={`policy for ${step.title}`} />
                  </div>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </Callout>
  );
}
