"""Laws of requests as such: HTTP, headers, query parameters, fuzzing."""
