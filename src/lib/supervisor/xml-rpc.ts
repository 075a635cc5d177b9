/** XML-RPC, as far as supervisord speaks it: a call becomes a document, an answer a value. */
import {parseXml, XmlElement} from '@rgrove/parse-xml'

export type XmlRpcValue = string | number | boolean | null | readonly XmlRpcValue[] | XmlRpcStruct

export interface XmlRpcStruct {
  readonly [name: string]: XmlRpcValue
}

/** The other side has understood the call and says no. */
export class XmlRpcFault extends Error {
  override readonly name = 'XmlRpcFault'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Writes a call. */
export function callDocument(method: string, params: readonly (string | boolean)[]): string {
  const values = params.map(param => {
    const value = typeof param === 'boolean' ? `<boolean>${param ? 1 : 0}</boolean>` : `<string>${escape(param)}</string>`
    return `<param><value>${value}</value></param>`
  })
  return `<?xml version="1.0"?><methodCall><methodName>${escape(method)}</methodName><params>${values.join('')}</params></methodCall>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Reads an answer.
 * @throws XmlRpcFault when it is one; any other error when it is no XML-RPC
 */
export function readAnswer(text: string): XmlRpcValue {
  const answer = only(parseXml(text).root)
  const value = valueOf(answer.name === 'fault' ? only(answer) : only(only(answer)))
  if (answer.name !== 'fault') return value
  const {faultCode, faultString} = value as XmlRpcStruct
  throw new XmlRpcFault(Number(faultCode), String(faultString))
}

function elements(parent: XmlElement): readonly XmlElement[] {
  return parent.children.filter(child => child instanceof XmlElement)
}

function only(parent: XmlElement | null): XmlElement {
  const [first] = parent === null ? [] : elements(parent)
  if (first === undefined) throw new Error(`not XML-RPC: ${parent?.name ?? 'nothing'} is empty`)
  return first
}

function valueOf(value: XmlElement): XmlRpcValue {
  const [typed] = elements(value)
  if (typed === undefined) return value.text
  const {name, text} = typed
  if (name === 'array') return elements(only(typed)).map(valueOf)
  if (name === 'struct') return Object.fromEntries(elements(typed).map(memberOf))
  if (name === 'boolean') return text === '1'
  if (name === 'nil') return null
  return name === 'int' || name === 'i4' || name === 'double' ? Number(text) : text
}

function memberOf(member: XmlElement): readonly [string, XmlRpcValue] {
  const [name, value] = elements(member)
  if (name === undefined || value === undefined) throw new Error('not XML-RPC: a member without name or value')
  return [name.text, valueOf(value)]
}
