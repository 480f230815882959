import { helpText } from "./session/verbs.ts";

/** The one page that says how to drive the program from a script. */
export const guideText = (): string => `DRIVE SHADOWFOLD FROM A SCRIPT

A log is one JSON object a line: inputs, and the facts that follow; events have
numbers. Everything below reads logs and recordings, gzipped or not.

1. ONCE, FOR A LONG LOG

   shadowfold index LOG              writes LOG.index; later commands fold little

2. ONE QUESTION, ONE COMMAND         each has --json and --help

   shadowfold log LOG --where EXPR   events of which an expression is so
   shadowfold state LOG --at N       everything that is the case after event N
   shadowfold diff LOG --from N --to M
   shadowfold translate LOG --page HANDLE --at N
   shadowfold why LOG --page HANDLE --at N
   shadowfold what-if LOG --remove N | --insert N:LINE | --change N:LINE |
                          --move N:M | --invalidate N:SCOPE  [-o BRANCH]
   shadowfold compare GOOD BAD
   shadowfold replay LOG             what was observed, against the model
   shadowfold export perfetto|vcd|csv LOG -o FILE

3. MANY QUESTIONS, ONE FOLD          lines in, one JSON object a line out

   printf '%s\\n' 'search laws.size() > 0' 'goto end' 'state hostEntries' |
     shadowfold debug --terminal LOG --json

   {"verb":"search","found":["event:12",...],"isWhole":true}
   {"verb":"goto","at":"event:900","last":900,"event":{...}}
   A line that cannot be carried out gives {"verb":...,"error":...}, changes
   nothing, and makes the exit code 2. "#" begins a remark. The lines:

${helpText().replaceAll(/^/gm, " ").trimEnd()}

4. HANDLES                           what answers name, questions take

   event:12                          an event
   page:0/00:04.0/0x1806000          a page: guest, device, first byte
   page:0/00:04.0/5/0x1806000        the same of requests with PASID 5
   entry:0/0x1f3d000                 a word of guest memory
   finding:SH1/12                    a law that did not hold at an event
   They stay the same for the same log. --at takes an event's number or handle,
   or a finding's; --page takes a page's.

5. EXPRESSIONS                       docs/expressions.md has all names

   fact == "DmaBlocked" && device == "00:04.0" && iova >= 0x1806000
   writes(0x1f3d000, 8)              changes("00:04.0", 0x1806000)
   laws.size() > 0                   register == "GCMD" && input == "RegisterWrite"

6. EXIT CODES                        also in --help

   0 well; 1 something differs or a law is violated; 2 bad usage or a file that
   cannot be read, with one line on standard error; 3 nothing to judge.
   What is bad in the middle of a file is told at the end; everything before it
   was used. Addresses are "0x..." in JSON, source-ids "00:04.0".
`;
