import * as v from 'valibot'

/*
 * The words that every part of a recipe is written in. Every key carries its description: the JSON schema that editors
 * show is printed from these schemas.
 */

/** The description of a key. */
export const say = <T>(text: string) => v.description<T, string>(text)
/** A whole number from `from` on. */
export const whole = (from: number, text: string) => v.pipe(v.number(), v.integer(), v.minValue(from), say(text))
/** A number from 0 to 1. */
export const fraction = (text: string) => v.pipe(v.number(), v.minValue(0), v.maxValue(1), say(text))
/** A number above 0. */
export const above0 = (text: string) => v.pipe(v.number(), v.gtValue(0), say(text))
/** A number from 0 on. */
export const from0 = (text: string) => v.pipe(v.number(), v.minValue(0), say(text))
/** Text that is not empty. */
export const words = (text: string) => v.pipe(v.string(), v.nonEmpty(), say(text))
/** One path or several. */
export const paths = (text: string) => v.pipe(v.union([v.string(), v.array(v.string())]), say(text))
/** A key that may be left out. */
export const maybe = v.exactOptional

/** Two digits: suggested values are for people to read. */
export const rounded = (x: number): number => Number(x.toPrecision(2))
