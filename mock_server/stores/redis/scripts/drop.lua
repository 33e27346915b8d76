-- Forget a sandbox and its journal; answer whether there was one. ARGV: sandbox, idle
forget_idle()
return drop(name) > 0 and {'done'} or {'absent'}
