// For a process of a test: it ends when the run that started it does, should that be killed.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// Waiting for that is no reason to go on.
process.channel?.unref()
