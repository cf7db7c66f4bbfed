import { type Script, scripts } from './characters.ts'

/** Frequent function words, by language: what hardly any sentence of some length lacks. At most seven letters each. */
const lists = {
  English:
    'the of and to in is you that it he was for on are as with his they i at be this have from or had by not but what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into has my me please could does been want need am just',
  German:
    'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein ich mich mir wir ihr kann bitte wenn habe meine mein was',
  French:
    'de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son mais comme ou si leur y dont elle on cette ont ses été aux nous vous je mon ma mes tout faire fait bien être avoir c d l qu n j',
  Spanish:
    'de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante uno les ni contra otros ese eso mi qué yo es son está tengo puedo quiero',
  Portuguese:
    'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me esse eles estão você meu minha são',
  Italian:
    'di e il la che in un a per è una sono non si da con i del le come più ma al dei lo alla ha anche nel se della gli o ci questo ho mi sua suo delle quando tutto nella era stato essere molto fare io mio mia dove perché solo cosa così due quello questa hanno dal ai',
  Dutch:
    'de van een het en in is dat op te zijn voor met die niet aan er om ook als dan maar bij uit nog naar heeft hij ze wordt tot over je ik was door worden kan deze geen wat dit mijn hebben meer wel wij al zo zou of hun kunnen mij heb waar veel',
  Swedish:
    'och i att det som en på är av för med den till inte har de om ett han var jag men sig så vi från hon kan nu när där ska skulle eller hade mycket min mig vara bara också än efter över dem du ni vad hur här utan sin',
  Norwegian:
    'og i det er på som en til å han av for at med var de ikke den har jeg om et men så seg hun fra kan vi skal eller hadde min meg være bare også etter over dem du hva hvordan her uten sin nå da når mye',
  Danish:
    'og i det er på som en til at han af for med var de ikke den har jeg om et men så sig hun fra kan vi skal eller havde min mig være kun også efter over dem du hvad hvordan her uden sin nu da når meget',
  Finnish:
    'ja on ei se että oli en hän ovat mutta kun niin kuin tai jos myös minä sinä me te he ole sen mitä joka voi nyt vain vielä hyvin sitä olen olla mikä tämä hänen minun ovat kanssa jo siitä',
  Polish:
    'i w na z do to się nie że jest o a jak po co za od tak ale przez czy go dla ich był tym już lub być tylko które który są może mnie ja jego jej oraz bardzo gdy mi ze ma proszę jestem mam moje',
  Czech:
    'a se v je na že o s z do i to k ve pro za by ale si po jako jsem od co tak jeho které který jen při už být podle až bylo byl nebo jak není jsou ještě než která bude můj moje mám',
  Romanian:
    'de și în la a cu nu o să pe un că este din mai care pentru au ce sunt ca lui dar fi era am se al sau prin fost după cum până ei ale le îi când dacă foarte fără mea meu vă',
  Hungarian:
    'a az és hogy nem is egy van de meg ez el ha csak már mint én te ő mi volt lesz még ki vagy be kell azt ezt olyan mert minden nagyon lehet nekem ami aki itt',
  Turkish:
    've bir bu da de için ile ne çok daha gibi olarak var en mi kadar sonra değil ben o her olan ama ya ki olduğu şey biz siz onu bunu nasıl beni bana yok ise',
  Vietnamese:
    'và của là có không được cho một các người trong những với tôi đã này để khi đến như từ cũng ra về còn thì phải nhiều vào lại sẽ bạn rất nào đó',
  Indonesian:
    'yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke saya ada kami kita anda bisa adalah atau oleh sudah karena mereka lebih seperti dia apa sangat telah tapi jika',
  Russian:
    'и в не на я что он с как это а по к но из у за от так все то же бы ее мне было вы меня еще нет о ему только когда даже для мы они их если уже или быть был мой есть чтобы',
  Ukrainian:
    'і в не на я що він з як це а по до але із у за від так все то ж б її мені було ви мене ще ні про йому тільки коли навіть для ми вони їх якщо вже або бути є та цей',
  Bulgarian:
    'и в не на аз че той с как това а по към но от за така все то бих я ми беше вие мен още няма му само когато дори ние те ги ако вече или да се съм са си',
} as const

const byScript: { readonly [S in Script]?: string } = {
  // Where function words do not tell which of its languages it is.
  Cyrillic: 'Cyrillic script',
  Greek: 'Greek',
  Han: 'Chinese',
  Kana: 'Japanese',
  Hangul: 'Korean',
  Arabic: 'Arabic script',
  Hebrew: 'Hebrew',
  Thai: 'Thai',
  Devanagari: 'Devanagari script',
  Indic: 'an Indic script',
  Georgian: 'Georgian',
  Armenian: 'Armenian',
  Ethiopic: 'Ethiopic script',
}

const stopWordLanguages = Object.keys(lists)
export const languageCount = stopWordLanguages.length

/** What a row may be found to be written in; the number of a language is its place here, 0 where it is not known. */
export const languages: readonly string[] = ['', ...stopWordLanguages, ...Object.values(byScript)]

/** Languages that a sentence or two cannot tell apart. */
const kin: readonly (readonly string[])[] = [
  ['Norwegian', 'Danish', 'Swedish'],
  ['Spanish', 'Portuguese', 'Catalan', 'Galician'],
  ['Russian', 'Ukrainian', 'Bulgarian', 'Belarusian', 'Macedonian', 'Serbian', 'Cyrillic script'],
  ...['Kazakh', 'Mongolian', 'Tajik', 'Kyrgyz', 'Tatar'].map(language => [language, 'Cyrillic script']),
  ['Croatian', 'Serbian', 'Bosnian', 'Slovenian'],
  ['Czech', 'Slovak'],
  ['Dutch', 'Afrikaans'],
  ['Indonesian', 'Malay'],
  ['Chinese', 'Japanese'],
]

/** Is one language easily taken for the other? */
export function areKin(a: number, b: number): boolean {
  return areKinNames(languages[a]!, languages[b]!)
}

/** As `areKin`, by English names. */
export function areKinNames(a: string, b: string): boolean {
  return a === b || kin.some(group => group.includes(a) && group.includes(b))
}

/** What Cyrillic is taken for where function words do not tell its language. */
export const someCyrillic = languages.indexOf('Cyrillic script')

/** Is the language told by its script alone? */
export function isByScript(number: number): boolean {
  return number > stopWordLanguages.length
}

/** The likeliest language of a text. */
export interface LanguageGuess {
  /** Its English name. */
  readonly language: string
  /** How many times as likely it is as another one. */
  lead(over: string): number
}

/** Tells the language of a text by statistics; undefined where it is too short or not certain. Whoever runs a check brings it. */
export type GuessLanguage = (text: string) => LanguageGuess | undefined

/** The languages that each stop word belongs to. */
export const stopWords: ReadonlyMap<string, readonly number[]> = (() => {
  const map = new Map<string, number[]>()
  for (const [language, list] of Object.values(lists).entries())
    for (const word of new Set(list.split(' '))) map.set(word, [...(map.get(word) ?? []), language])
  return map
})()

/** Shorter texts say too little, where words tell the language. In UTF-16 units. */
export const tooShort = 40
/** So many letters of a script that is one language's tell it; a character of Chinese, Japanese or Korean says as much as two others. */
const leastLetters = 12
const dense: ReadonlySet<Script> = new Set(['Han', 'Kana', 'Hangul'])

/** What `TextStats` counted in a row. */
export interface Counted {
  readonly length: number
  readonly rowWords: number
  readonly scripts: Float64Array
  readonly languages: Float64Array
}

/**
 * The number of the language of a row; 0 where that is not certain. Scripts of one language decide by themselves;
 * otherwise stop words must be frequent (a sixth of all words, by weight) and clearly of one language. Cyrillic is told as such where
 * they are not.
 */
export function languageOf(counted: Counted): number {
  const { scripts: letters } = counted
  let all = 0
  for (let s = 1; s < letters.length; s++) all += letters[s]!
  // Japanese is recognised by a part of it.
  const kana = letters[scripts.indexOf('Kana')]!
  if (kana > all * 0.1 && all * 2 >= leastLetters) return numberOf('Japanese')
  let top = 1
  for (let s = 2; s < letters.length; s++) if (letters[s]! > letters[top]!) top = s
  if (letters[top]! < all * 0.6) return 0
  const script = scripts[top]!
  const direct = byScript[script]
  if (letters[top]! * (dense.has(script) ? 2 : 1) < leastLetters) return 0
  const told = counted.length < tooShort ? 0 : byWords(counted)
  if (direct && (script !== 'Cyrillic' || told === 0)) return numberOf(direct)
  return told
}

/** The number of the language that function words tell. */
function byWords(counted: Counted): number {
  const scores = counted.languages
  let best = 0
  for (let l = 1; l < scores.length; l++) if (scores[l]! > scores[best]!) best = l
  let second = 0
  for (let l = 0; l < scores.length; l++)
    if (l !== best && !areKin(l + 1, best + 1)) second = Math.max(second, scores[l]!)
  const least = Math.max(1.5, counted.rowWords / 6)
  return scores[best]! >= least && scores[best]! >= 1.6 * second ? best + 1 : 0
}

function numberOf(language: string): number {
  return languages.indexOf(language)
}
