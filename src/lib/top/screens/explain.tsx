import {Box} from 'ink'
import type {ReactNode} from 'react'
import {eyesOf} from '../../cli/eyes.ts'
import {withDatabase} from '../../cli/with-database.ts'
import {explain, type Explanation} from '../../queue/explain.ts'
import {wordingOf, wordingsOf} from '../../queue/explain-text.ts'
import {Line} from '../components/line.tsx'
import {Rule} from '../components/rule.tsx'
import {useTheme} from '../hooks/use-theme.ts'
import {openJob} from './job-own.ts'
import {defineScreen, type Moment, type Move} from '../screen.ts'
import {type Words, wrapped} from '../words.ts'

interface Own {
  readonly id: number
}

interface Facts {
  /** `null` when there is no such job. */
  readonly explanation: Explanation | null
}

/** Opens why a job is as it is. */
export const openExplanation = (id: number): Move<never> => ({kind: 'open', screen: 'explain', own: {id} satisfies Own})

/** Why a job is as it is, and what to do about it. */
export const EXPLAIN = defineScreen<Own, Facts>({
  id: 'explain',
  title: 'Explain',
  digit: null,
  start: {id: 0},
  keys: [
    {keys: ['enter'], label: 'open the job', help: 'everything about the job', press: ({own}) => openJob(own.id)},
    {keys: ['y'], label: 'copy the command', help: 'copy the first command that is advised', press: moment => copied(moment)},
  ],
  async look({id}, sources) {
    const [standing] = await sources.session.storage.explain([id])
    return {explanation: standing === undefined ? null : explain(standing, eyesOf(await sources.file()))}
  },
  View: Explain,
})

function copied({facts, db}: Moment<Own, Facts>): Move<Own> {
  const explanation = facts?.explanation ?? null
  const fix = explanation?.reasons.map(reason => wordingOf(reason, explanation).fix).find(each => each !== null) ?? null
  return fix === null ? {kind: 'notice', text: 'there is no command: time or others will see to it'} : {kind: 'copy', text: withDatabase(fix, db)}
}

function Explain({own, facts, frame, db}: Moment<Own, Facts>): ReactNode {
  const {glyphs} = useTheme()
  const {columns: width, rows} = frame
  return (
    <Box flexDirection="column">
      <Rule width={width} title={`Job ${own.id} ${glyphs.rule} why`} />
      {linesOf(own, facts, {width, db, arrow: glyphs.arrows.right}).slice(0, rows - 1).map((words, at) => (
        <Line key={at} words={words} width={width} />
      ))}
    </Box>
  )
}

interface Manner {
  readonly width: number
  readonly db: string | null
  readonly arrow: string
}

function linesOf({id}: Own, facts: Facts | null, {width, db, arrow}: Manner): readonly Words[] {
  if (facts === null) return [{text: ' looking ...', tone: 'dim'}]
  const {explanation} = facts
  if (explanation === null) return [` there is no job ${id}`]
  const {state, queue, claimable} = explanation
  const head: Words = [' ', {text: state, tone: state}, `  in queue ${queue}`, ...(state === 'pending' ? [claimable ? '  some consumer takes it next' : '  no consumer would take it now'] : [])]
  const lines = wordingsOf(explanation).flatMap(({text, fix, purpose}): readonly Words[] => {
    const said = wrapped(text, width - 2).map((line): Words => ` ${line}`)
    const advised = fix === null ? [] : wrapped(`${purpose === undefined ? '' : `${purpose}: `}${withDatabase(fix, db)}`, width - 8).map((line, at): Words => [at === 0 ? `   ${arrow} ` : '     ', {text: line, tone: 'bold'}])
    return ['', ...said, ...advised]
  })
  return [head, ...lines]
}
