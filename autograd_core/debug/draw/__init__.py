"""Pictures of a trace: graph and gradient flow, as SVG, PNG, dot, HTML and text."""
