import { fault } from './family.js';
import type { Fault } from './family.js';
import { squeeze } from './text.js';

/**
 * Compares a line `operands=result` with the right one, whose left side uses one commutative operator only; the order of
 * the operands is free. Null when equal.
 */
export function judgeEquation(line: string, right: string, operator: '+' | '*'): Fault | null {
  const [operands = '', result = '', ...rest] = squeeze(line).split('=');
  const [rightOperands = '', rightResult = ''] = right.split('=');
  const sorted = (text: string): string => text.split(operator).sort().join(operator);
  if (rest.length > 0 || sorted(operands) !== sorted(rightOperands)) {
    return fault('wrong-operands', 'this is not what has to be worked out next');
  }
  return result === rightResult ? null : fault('wrong-result', 'the left side is the right one, its result is not');
}
