/*
 * The program itself behind the bridge: of the official conformance suite it
 * passes what needs no fixtures.
 */
import { PROGRAM } from '../e2e/lib/root.mjs';
import { judged } from './judged.mjs';

judged(PROGRAM, ['server-2026-07-28', 'server-2025-11-25']);
