"""Forms of configurations of earlier versions, and the steps from them to the present one."""
