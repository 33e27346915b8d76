-- Empty the journal of a sandbox. ARGV: sandbox, idle
clear(name)
return {'done'}
