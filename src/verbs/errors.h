/*
 * errors.h: the first lines of error texts that clients may rely on
 */
#ifndef VERBS_ERRORS_H
#define VERBS_ERRORS_H

#define ERROR_COMMAND_EMPTY "Invalid command: Command cannot be empty"
#define ERROR_NUL_BYTE "Invalid command: embedded null byte"
#define ERROR_NOT_ALLOWED "Invalid command: Command not in allowed patterns: %s"
#define ERROR_NO_QUOTATION "Invalid command: No closing quotation"
#define ERROR_LIMIT                                                            \
	"Job limit reached: Maximum concurrent jobs limit (%lld) reached"
#define ERROR_EXECUTE "Failed to execute command"
#define ERROR_START "Failed to start job"
#define ERROR_NOT_RUNNING "Job %s is not running and cannot accept input"
#define ERROR_NO_INPUT                                                         \
	"Job %s does not accept input: started with interactive false"
#define ERROR_FOREIGN_INPUT                                                    \
	"Job %s does not accept input: not started by jobdir"
#define ERROR_INPUT_CLOSED "Failed to interact with job: [Errno 32] Broken pipe"
#define ERROR_KILL_UNKNOWN "Failed to kill job: state unknown: %s"
#define ERROR_KILL_UNPROVEN                                                    \
	"Failed to kill job: process %ld cannot be proven to be this job"
#define ERROR_UNKNOWN_ID "Unknown job_id: %s"
#define ERROR_COMPLETED "Job already completed."
#define ERROR_PARAMETER "Invalid parameter: %s"

#endif
