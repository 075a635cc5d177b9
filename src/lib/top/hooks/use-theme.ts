import {createContext, useContext} from 'react'
import {type Theme, themeOf} from '../theme.ts'

/** Plain, where nobody says how things look. */
export const ThemeContext = createContext<Theme>(themeOf({ascii: false, colors: 0}))

/** How things look. */
export function useTheme(): Theme {
  return useContext(ThemeContext)
}
