"""Who bears a loss before the partners do: arrangements, the order they stand in, what each pays and gets back."""
