/* Reading a `config.json`: every value is checked where it is read, and a message names the key. */

import { ConfigError, type ConfigJson } from './architecture.ts'
import type { Activation } from './blocks.ts'

/** A whole number above 0. */
export function count(json: ConfigJson, key: string, otherwise?: number): number {
  const value = json[key] ?? otherwise
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new ConfigError(`${key} must be a whole number above 0, not ${JSON.stringify(value)}`)
  return value
}

/** A whole number of 0 or more. */
export function index(json: ConfigJson, key: string, otherwise: number): number {
  const value = json[key] ?? otherwise
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ConfigError(`${key} must be a whole number, not ${JSON.stringify(value)}`)
  return value
}

/** A number above 0. */
export function real(json: ConfigJson, key: string, otherwise: number): number {
  const value = json[key] ?? otherwise
  if (typeof value !== 'number' || !(value > 0)) throw new ConfigError(`${key} must be a number above 0`)
  return value
}

/** True or false. */
export function flag(json: ConfigJson, key: string, otherwise: boolean): boolean {
  const value = json[key] ?? otherwise
  if (typeof value !== 'boolean') throw new ConfigError(`${key} must be true or false, not ${JSON.stringify(value)}`)
  return value
}

/** An activation by the name Transformers has for it. */
export function activation(json: ConfigJson, key: string, otherwise = 'gelu'): Activation {
  const name = json[key] ?? otherwise
  switch (name) {
    case 'gelu':
      return 'gelu'
    case 'gelu_new':
    case 'gelu_fast':
    case 'gelu_pytorch_tanh':
      return 'gelu-tanh'
    case 'relu':
      return 'relu'
    case 'silu':
    case 'swish':
      return 'silu'
    case 'tanh':
      return 'tanh'
    default:
      throw new ConfigError(`${key} ${JSON.stringify(name)} is not supported`)
  }
}

/** Throws `ConfigError` where the condition holds. */
export function refuse(condition: boolean, what: string): void {
  if (condition) throw new ConfigError(what)
}

/** Width of one attention head. Throws `ConfigError` where the heads do not divide the hidden size. */
export function headWidth({ hidden, heads }: { readonly hidden: number; readonly heads: number }): number {
  refuse(hidden % heads !== 0, `hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`)
  return hidden / heads
}
