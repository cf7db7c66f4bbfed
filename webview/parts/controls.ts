import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit'
import { type Child, h, icon } from './dom.ts'

/**
 * The form controls of every panel. This is the only file that knows where they come from: the toolkit is archived,
 * and another maker's controls can take its place here.
 */
provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodePanels(),
  vsCodePanelTab(),
  vsCodePanelView(),
  vsCodeTextField(),
)

export interface ButtonOptions {
  readonly label: string
  readonly icon?: string
  /** The key that does the same, shown on the button. */
  readonly key?: string
  /** `primary` once a view; `plain` has no face; `bare` shows its icon alone. */
  readonly look?: 'primary' | 'secondary' | 'plain' | 'bare'
  readonly title?: string
  readonly press: (event: MouseEvent) => void
}

export function button(options: ButtonOptions): HTMLElement {
  const look = options.look ?? 'secondary'
  const element = h(
    'vscode-button',
    {
      class: `look-${look}`,
      appearance: look === 'plain' || look === 'bare' ? 'icon' : look,
      // The toolkit calls every button without a face "icon button" unless it is told better.
      'aria-label': look === 'secondary' || look === 'primary' ? undefined : options.label,
      title: options.title ?? (look === 'bare' ? options.label : undefined),
      on: { click: options.press },
    },
    options.icon && icon(options.icon),
    // Plain text: the toolkit squeezes a span to the size of an icon.
    look === 'bare' ? undefined : options.label,
    // Where the name is given, the key is drawn and no text: the two must say the same.
    options.key &&
      (look === 'plain'
        ? h('kbd', { 'aria-hidden': 'true', 'data-key': options.key })
        : h('kbd', { 'aria-hidden': 'true' }, options.key)),
  )
  return element
}

/** A button that cannot be pressed says why beside it. */
export function enable(element: HTMLElement, why: string | undefined): void {
  element.toggleAttribute('disabled', why !== undefined)
  element.dataset['title'] ??= element.title
  element.title = why ?? element.dataset['title']
}

export interface Choice {
  readonly value: string
  readonly text: string
}

export interface DropdownOptions {
  readonly label: string
  readonly choices: readonly Choice[]
  readonly value: string
  readonly pick: (value: string) => void
}

/** A list to choose one from. It has a name for those who cannot see what stands beside it. */
export function dropdown(options: DropdownOptions): HTMLElement {
  const element = h(
    'vscode-dropdown',
    { 'aria-label': options.label },
    options.choices.map(c => h('vscode-option', { value: c.value, selected: c.value === options.value }, c.text)),
  ) as HTMLElement & { value: string }
  element.addEventListener('change', () => {
    if (element.value !== options.value) options.pick(element.value)
  })
  return element
}

export interface CheckboxOptions {
  readonly label: string
  readonly on: boolean
  readonly change: (on: boolean) => void
}

export function checkbox(options: CheckboxOptions): HTMLElement {
  const element = h('vscode-checkbox', { checked: options.on }, options.label) as HTMLElement & { checked: boolean }
  element.addEventListener('change', () => options.change(element.checked))
  return element
}

export interface TextFieldOptions {
  readonly label: string
  readonly placeholder: string
  readonly value: string
  readonly input: (text: string) => void
}

export function textField(options: TextFieldOptions, ...start: Child[]): HTMLElement & { value: string } {
  const element = h(
    'vscode-text-field',
    { 'aria-label': options.label, placeholder: options.placeholder, value: options.value, size: 12 },
    start,
  ) as HTMLElement & { value: string }
  element.addEventListener('input', () => options.input(element.value))
  return element
}

export interface TabsOptions {
  readonly label: string
  readonly tabs: readonly { readonly id: string; readonly content: Child }[]
  readonly active: string
  readonly pick: (id: string) => void
  /** The one element whose content the tabs choose. */
  readonly owns: string
}

export interface Tabs {
  readonly element: HTMLElement
  /** What a tab is called aloud. The toolkit took the text that stood there when it was made. */
  name(id: string, words: string): void
  show(id: string): void
}

/**
 * Tabs over one shared region. The toolkit wants a panel for each tab; the panel of the active one owns the region, so
 * that a screen reader finds it there while nothing moves in the page.
 */
export function tabs(options: TabsOptions): Tabs {
  const views = options.tabs.map(t => h('vscode-panel-view', { id: `view-${t.id}` }))
  const element = h(
    'vscode-panels',
    { 'aria-label': options.label, activeid: `tab-${options.active}`, activeindicator: 'false' },
    options.tabs.map(t => h('vscode-panel-tab', { id: `tab-${t.id}` }, t.content)),
    views,
  ) as HTMLElement & { activeid: string }
  const own = (id: string) => {
    for (const view of views) {
      if (view.id === `view-${id}`) view.setAttribute('aria-owns', options.owns)
      else view.removeAttribute('aria-owns')
    }
  }
  own(options.active)
  element.addEventListener('change', event => {
    // Changes of form controls inside bubble through here too.
    if (event.target !== element) return
    const id = element.activeid.replace(/^tab-/, '')
    own(id)
    options.pick(id)
  })
  return {
    element,
    name: (id, words) => element.querySelector(`#tab-${CSS.escape(id)}`)?.setAttribute('aria-label', words),
    show: id => {
      element.activeid = `tab-${id}`
      own(id)
    },
  }
}
