import {Box} from 'ink'
import {type ReactNode, useSyncExternalStore} from 'react'
import {useKeys} from '../hooks/use-keys.ts'
import {useSize} from '../hooks/use-size.ts'
import {useSuspension} from '../hooks/use-suspension.ts'
import {ThemeContext} from '../hooks/use-theme.ts'
import type {Program} from '../program.ts'
import type {Frame} from '../screen.ts'
import {frameOf, momentOf, shownScreen, type State} from '../state.ts'
import {dimmed, type Theme} from '../theme.ts'
import {typing} from '../typing.ts'
import {wrapped} from '../words.ts'
import {Banner} from './banner.tsx'
import {ConfirmDialog} from './confirm-dialog.tsx'
import {Footer} from './footer.tsx'
import {FormDialog} from './form-dialog.tsx'
import {Header} from './header.tsx'
import {Help} from './help.tsx'
import {Line} from './line.tsx'
import {noticeOf, NoticeLines} from './notice.tsx'
import {Rule} from './rule.tsx'
import {Tabs} from './tabs.tsx'

/** The program on a terminal: it draws the state and tells of keys. */
export function App({program, theme}: {readonly program: Program; readonly theme: Theme}): ReactNode {
  const state = useSyncExternalStore(program.subscribe, program.state)
  useKeys(program.tell)
  useSize(program.tell)
  useSuspension(state.suspensions)
  return <Glass state={state} theme={theme} />
}

/** In less there is no room for a table. */
const NARROWEST = {columns: 60, rows: 12} as const

/** The whole screen: exactly as large as the terminal. */
export function Glass({state, theme}: {readonly state: State; readonly theme: Theme}): ReactNode {
  const {columns, rows} = state.size
  return (
    <ThemeContext value={theme}>
      <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
        {columns < NARROWEST.columns || rows < NARROWEST.rows ? (
          <TooSmall size={state.size} />
        ) : (
          <Layers state={state} theme={theme} />
        )}
      </Box>
    </ThemeContext>
  )
}

/** Says what is missing in as many lines as that takes. */
function TooSmall({size: {columns, rows}}: {readonly size: Frame}): ReactNode {
  const text = `qctl top needs ${NARROWEST.columns}x${NARROWEST.rows}, this is ${columns}x${rows}. Make it larger; q quits.`
  return wrapped(text, columns).slice(0, rows).map((line, at) => <Line key={at} words={line} width={columns} />)
}

/** A screen on paper: no keys, and no more lines than there is something to say. */
export function Sheet({state, theme}: {readonly state: State; readonly theme: Theme}): ReactNode {
  const {columns} = state.size
  return (
    <ThemeContext value={theme}>
      <Box flexDirection="column" width={columns}>
        <Header state={state} />
        <Rule width={columns} />
        <Banner state={state} />
        <Body state={state} theme={theme} />
      </Box>
    </ThemeContext>
  )
}

function Layers({state, theme}: {readonly state: State; readonly theme: Theme}): ReactNode {
  const {glyphs} = theme
  const {size, overlay, tab} = state
  const prompt = overlay?.kind === 'prompt' ? overlay : null
  const said = noticeOf(state)?.lines.length ?? 1
  return (
    <>
      <Header state={state} />
      <Tabs tab={tab} width={size.columns} />
      <Rule width={size.columns} />
      <Banner state={state} />
      <Box flexDirection="column" height={Math.max(1, frameOf(state).rows + 1 - said)} overflow="hidden">
        {/* What does not fit is cut off at the end; lines would be laid over one another else. */}
        <Box flexDirection="column" flexShrink={0}>
          <Body state={state} theme={theme} />
        </Box>
      </Box>
      <NoticeLines state={state} />
      {prompt === null ? (
        <Footer state={state} />
      ) : (
        <Line words={[' ', {text: prompt.prompt.label, tone: 'bold'}, ' ', typing(prompt.line, size.columns - prompt.prompt.label.length - 4, glyphs.caret)]} width={size.columns} />
      )}
    </>
  )
}

function Body({state, theme}: {readonly state: State; readonly theme: Theme}): ReactNode {
  const frame = frameOf(state)
  const screen = shownScreen(state)
  if (state.overlay?.kind === 'help') return <Help screen={screen} frame={frame} offset={state.overlay.offset} />
  if (state.overlay?.kind === 'confirm') return <ConfirmDialog overlay={state.overlay} frame={frame} db={state.db} />
  if (state.overlay?.kind === 'form') return <FormDialog overlay={state.overlay} frame={frame} db={state.db} />
  const {View} = screen
  return (
    <ThemeContext value={state.trouble === null ? theme : dimmed(theme)}>
      <View key={screen.id} {...momentOf(state)} />
    </ThemeContext>
  )
}
