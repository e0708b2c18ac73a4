"""Where to stop: the condition language, breakpoints, and what tells quickly that none hits."""
