/** Metadata as they are being edited: each key a field, whose text is kept as it was typed. */

import type { Metadata } from '../../../../api/records';

/** How the value of a key is typed. What fits no other is written as JSON. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'texts' | 'numbers' | 'json';

export interface IField {
  /** Stays the same while the key is typed. */
  readonly id: number;
  key: string;
  kind: FieldKind;
  /** What was typed; of a list, see `items`. */
  text: string;
  items: readonly string[];
  /** It is new in this draft: its key is typed too. */
  isNew: boolean;
  /** The value was null, and stays it while nothing is typed. */
  isNull: boolean;
}

export type FieldProblem =
  | 'no-key'
  | 'taken-key'
  | 'nul'
  | 'surrogate'
  | 'not-a-number'
  | 'not-exact'
  | 'not-json'
  | 'not-yes-or-no';

let lastId = 0;

/** Make the fields of metadata. */
export function fieldsOf(metadata: Metadata): IField[] {
  return Object.entries(metadata).map(([key, value]) => fieldOf(key, value));
}

export function fieldOf(key: string, value: unknown, kind = kindOf(value)): IField {
  const items = Array.isArray(value) ? value.map(String) : [];
  const text = kind === 'texts' || kind === 'numbers' ? '' : typed(value, kind);
  return { id: ++lastId, key, kind, text, items, isNew: false, isNull: value === null };
}

/** A field for a key that is not there yet. */
export function newField(key = '', kind: FieldKind = 'text'): IField {
  return { id: ++lastId, key, kind, text: '', items: [], isNew: true, isNull: false };
}

export function kindOf(value: unknown): FieldKind {
  if (value === null || typeof value === 'string') {
    return 'text';
  }
  if (typeof value === 'number') {
    return 'number';
  }
  if (typeof value === 'boolean') {
    return 'boolean';
  }
  if (Array.isArray(value)) {
    // A list that has the same twice cannot be written as tokens.
    const distinct = new Set(value).size === value.length;
    if (distinct && value.every(item => typeof item === 'string' && item !== '')) {
      return 'texts';
    }
    if (distinct && value.length && value.every(item => typeof item === 'number')) {
      return 'numbers';
    }
  }
  return 'json';
}

function typed(value: unknown, kind: FieldKind): string {
  if (value === null && kind === 'text') {
    return '';
  }
  return kind === 'json' ? JSON.stringify(value) : String(value);
}

/** Write a field as another kind, with as much of what was typed as that kind can have. */
export function asKind(field: IField, kind: FieldKind): IField {
  if (kind === field.kind) {
    return field;
  }
  const isList = field.kind === 'texts' || field.kind === 'numbers';
  const text = isList
    ? field.items.length === 1
      ? field.items[0]
      : field.items.join(', ')
    : field.text;
  if (kind === 'texts' || kind === 'numbers') {
    const items = isList ? field.items : text.trim() ? [text.trim()] : [];
    return { ...field, kind, text: '', items, isNull: false };
  }
  return { ...field, kind, text: kind === 'json' && text ? JSON.stringify(text) : text, items: [] };
}

const YES = /^(true|yes|1)$/i;
const NO = /^(false|no|0)$/i;

/** The value of a field; undefined where it has none (nothing was typed) or a problem. */
export function valueOf(field: IField): unknown {
  const text = field.text.trim();
  switch (field.kind) {
    case 'text':
      return field.text === '' ? (field.isNull ? null : undefined) : field.text;
    case 'number':
      return text === '' ? undefined : numberOf(text);
    case 'boolean':
      return YES.test(text) ? true : NO.test(text) ? false : undefined;
    case 'texts':
      return [...field.items];
    case 'numbers':
      return field.items.map(item => numberOf(item));
    case 'json':
      return text === '' ? undefined : parsed(text);
  }
}

function numberOf(text: string): number | undefined {
  const plain = text.replace('\u2212', '-');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) && Number.isFinite(Number(plain))
    ? Number(plain)
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What is wrong with a field, among the others; null where nothing is. */
export function problemOf(field: IField, fields: readonly IField[]): FieldProblem | null {
  const hasValue = field.text !== '' || field.items.length > 0;
  if (field.isNew && !field.key.trim()) {
    return hasValue ? 'no-key' : null;
  }
  if (fields.some(other => other.id !== field.id && keyOf(other) === keyOf(field))) {
    return 'taken-key';
  }
  const texts = [field.key, field.text, ...field.items];
  if (texts.some(text => text.includes('\u0000'))) {
    return 'nul';
  }
  if (texts.some(text => text.isWellFormed?.() === false)) {
    return 'surrogate';
  }
  return hasValue ? wrongValue(field) : null;
}

function wrongValue(field: IField): FieldProblem | null {
  const value = valueOf(field);
  switch (field.kind) {
    case 'number':
      return value === undefined ? 'not-a-number' : isExact(field.text) ? null : 'not-exact';
    case 'numbers':
      return (value as unknown[]).includes(undefined) ? 'not-a-number' : null;
    case 'boolean':
      return value === undefined ? 'not-yes-or-no' : null;
    case 'json':
      return value === undefined ? 'not-json' : null;
    default:
      return null;
  }
}

/** JavaScript rounds whole numbers beyond 2^53, and would save another one. */
function isExact(text: string): boolean {
  return !/^[+-]?\d+$/.test(text.trim()) || Number.isSafeInteger(Number(text));
}

export function keyOf(field: IField): string {
  return field.isNew ? field.key.trim() : field.key;
}

/** The metadata that the fields make; what is empty is left out. */
export function metadataOf(fields: readonly IField[]): Metadata {
  const found: Metadata = {};
  for (const field of fields) {
    const key = keyOf(field);
    const value = valueOf(field);
    if (key && value !== undefined) {
      // Not by assignment: a key may be called `__proto__`.
      Object.defineProperty(found, key, {
        value,
        enumerable: true,
        writable: true,
        configurable: true
      });
    }
  }
  return found;
}

/** Keys whose numbers a browser cannot hold: to save them would change them. */
export function inexact(metadata: Metadata): string[] {
  const unsafe = (value: unknown): boolean =>
    typeof value === 'number'
      ? Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21
      : typeof value === 'object' && value !== null && Object.values(value).some(unsafe);
  return Object.keys(metadata).filter(key => unsafe(metadata[key]));
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) {
    return true;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  if (Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      key =>
        Object.hasOwn(b, key) &&
        same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
    )
  );
}
