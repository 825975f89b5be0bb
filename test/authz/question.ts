import type { Question } from '../../src/model/decision.ts'

/** A question of alice's about team/app, from a documentation address. */
export function question(parts: Partial<Question> & { readonly actions?: readonly string[] } = {}): Question {
  const { actions = ['pull'], ...rest } = parts
  return {
    subject: { name: 'alice', via: 'static', labels: { team: ['a', 'b'] } },
    access: { type: 'repository', name: 'team/app', actions },
    service: 'registry.test',
    clientIp: '192.0.2.7',
    now: 0,
    ...rest,
  }
}
