"""The formula of one pixel: which hidden neurons carry its relevance to the answer seven."""

import kirchhoff

network, digits = kirchhoff.digits()
circuit = network.compile(digits[7], 7, semiring="boolean", theta=0.05, prune=True, symbolic="hidden")
pixel = circuit.cut("x[9,14]")

print(pixel.formula("latex", semiring="boolean", theta=0.05))
print("minimal sets of neurons:", pixel.witnesses(theta=0.05))
print("importance:", {name: round(value, 3) for name, value in pixel.importance(theta=0.05).items() if value > 0})
